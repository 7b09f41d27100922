import type { Part } from './tabs.ts'

/**
 * Transport of bytes between tabs: a value is sent without its byte arrays, which follow in chunks of bounded size with
 * a bounded window. So a package of 100 MiB is never one message, and neither side is blocked for long.
 *
 * Guarantees: the receiver assembles the value that was sent, or nothing. Requires an ordered channel. Not guaranteed:
 * a snapshot; bytes that the caller changes before its command settles may arrive changed.
 */
export interface TakenApart {
  /** The value with `null` in place of bytes. */
  shape: unknown
  parts: Part[]
  bytes: Uint8Array[]
}

/** Size of one chunk (bytes), cloned in well under a millisecond. */
export const CHUNK_BYTES = 1024 * 1024

/** Unconfirmed bytes in flight: enough to keep the receiver busy, with bounded memory. */
const windowBytes = 8 * CHUNK_BYTES

/** Byte arrays nested deeper are cloned with the value; no command has any. */
const maxDepth = 8

export const takeApart = (value: unknown): TakenApart => {
  const parts: Part[] = []
  const bytes: Uint8Array[] = []
  const visit = (each: unknown, path: (string | number)[]): unknown => {
    if (each instanceof Uint8Array) {
      parts.push({ path, size: each.byteLength })
      bytes.push(each)
      return null
    }
    if (path.length >= maxDepth) return each
    if (Array.isArray(each)) return each.map((item, at) => visit(item, [...path, at]))
    if (!isPlain(each)) return each
    return Object.fromEntries(Object.entries(each).map(([name, item]) => [name, visit(item, [...path, name])]))
  }
  return { shape: visit(value, []), parts, bytes }
}

export interface Outflow {
  /** Handles a confirmation of `received` bytes in total. @returns true when all bytes are confirmed. */
  confirm(received: number): boolean
}

/** Posts `bytes` in chunks within the window; dropping the outflow stops it. */
export const createOutflow = (bytes: readonly Uint8Array[], post: (chunk: Uint8Array) => void): Outflow => {
  const chunks = chunksOf(bytes)
  const total = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0)
  let sent = 0
  let confirmed = 0
  const pump = (): void => {
    while (sent - confirmed < windowBytes) {
      const { value: chunk, done } = chunks.next()
      if (done) return
      sent += chunk.byteLength
      post(chunk)
    }
  }
  pump()
  return {
    confirm(received) {
      confirmed = Math.min(sent, Math.max(confirmed, received))
      pump()
      return confirmed === total
    },
  }
}

export interface Assembly {
  /** Bytes received so far. */
  received(): number
  /** @returns false for more bytes than announced; the assembly is unusable then. */
  add(chunk: Uint8Array): boolean
  isWhole(): boolean
  /** The value with its bytes restored; undefined when the parts do not fit the shape. */
  value(): { value: unknown } | undefined
}

export const createAssembly = (shape: unknown, parts: readonly Part[]): Assembly => {
  const total = parts.reduce((sum, { size }) => sum + size, 0)
  // Allocated as they are filled: parts that are announced but never sent take no memory.
  const filled: Uint8Array[] = []
  let received = 0
  let offset = 0

  const fill = (chunk: Uint8Array): void => {
    let rest = chunk
    while (rest.byteLength > 0) {
      const part = parts[filled.length - (offset > 0 ? 1 : 0)]
      if (part === undefined) return
      if (offset === 0) filled.push(new Uint8Array(part.size))
      const target = filled[filled.length - 1] ?? new Uint8Array()
      const taken = rest.subarray(0, target.byteLength - offset)
      target.set(taken, offset)
      rest = rest.subarray(taken.byteLength)
      offset = offset + taken.byteLength === target.byteLength ? 0 : offset + taken.byteLength
    }
  }

  return {
    received: () => received,
    add(chunk) {
      received += chunk.byteLength
      if (received > total) return false
      fill(chunk)
      return true
    },
    isWhole: () => received === total,
    value() {
      const holder: Record<string, unknown> = { root: shape }
      for (const [at, { path, size }] of parts.entries()) {
        if (!put(holder, ['root', ...path], filled[at] ?? new Uint8Array(size))) return undefined
      }
      return { value: holder['root'] }
    },
  }
}

/** Puts `bytes` at the path, if it exists and holds `null`. */
const put = (holder: Record<string, unknown>, path: readonly (string | number)[], bytes: Uint8Array): boolean => {
  let place: unknown = holder
  for (const [at, step] of path.entries()) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, step)) return false
    const container = place as Record<string | number, unknown>
    if (at < path.length - 1) place = container[step]
    else if (container[step] === null) container[step] = bytes
    else return false
  }
  return true
}

function* chunksOf(bytes: readonly Uint8Array[]): Generator<Uint8Array, undefined> {
  let pending: Uint8Array[] = []
  let size = 0
  for (const each of bytes) {
    for (let at = 0; at < each.byteLength; ) {
      const piece = each.subarray(at, at + CHUNK_BYTES - size)
      at += piece.byteLength
      size += piece.byteLength
      pending.push(piece)
      if (size < CHUNK_BYTES) continue
      yield join(pending, size)
      pending = []
      size = 0
    }
  }
  if (size > 0) yield join(pending, size)
}

/** Copies even a single piece: cloning a view clones its whole buffer. */
const join = (pieces: readonly Uint8Array[], size: number): Uint8Array => {
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
