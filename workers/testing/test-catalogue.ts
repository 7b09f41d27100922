import { createHash } from 'node:crypto'
import type { Entry } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import type { SyncChannel } from '../sync/channel.ts'
import type { SyncCatalogue } from '../sync/replica.ts'
import { untraced } from '../telemetry/operation.ts'

/** In-memory catalogues and channels for tests and benchmarks of sync. */

export const sha256 = async (bytes: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

export const idOf = (entry: Entry): Uint8Array => new Uint8Array(createHash('sha256').update(entry.bytes).digest())

/** An unsigned entry derived from a number. */
export const entry = (n: number, kind: Entry['kind'] = 'release', size = 40): Entry => {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, n)
  return { kind, bytes }
}

/** A catalogue that accepts every entry except those that `isValid` rejects. */
export const createTestCatalogue = (entries: readonly Entry[], isValid: (entry: Entry) => boolean = () => true) => {
  const byId = new Map(entries.map((each) => [toHex(idOf(each)), each]))
  const batches: Entry[][] = []
  const watchers = new Set<(id: string, isThere: boolean) => void>()
  const put = (each: Entry): boolean => {
    const id = toHex(idOf(each))
    if (byId.has(id)) return false
    byId.set(id, each)
    for (const watcher of watchers) watcher(id, true)
    return true
  }
  const catalogue: SyncCatalogue = {
    watchIds(watcher) {
      for (const id of byId.keys()) watcher(id, true)
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    entries: async (ids) => ids.flatMap((id) => byId.get(toHex(id)) ?? []),
    async ingest(received) {
      batches.push([...received])
      const valid = received.filter(isValid)
      const rejected = received.length - valid.length
      return { accepted: valid.filter(put).length, rejected, forged: 0, unproven: 0, unsupported: [] }
    },
  }
  return {
    catalogue,
    batches,
    put,
    remove(each: Entry): void {
      const id = toHex(idOf(each))
      if (byId.delete(id)) for (const watcher of watchers) watcher(id, false)
    },
    keys: () => [...byId.keys()].sort(),
  }
}

/** Two ends of a lossless ordered channel; `end` makes both reject. `crossings` counts changes of direction. */
export const createChannels = () => {
  const count = { bytes: 0, messages: 0, crossings: 0 }
  let failed: Error | undefined
  let lastSender: object | undefined
  const side = () => ({ queue: [] as Uint8Array[], wake: undefined as (() => void) | undefined })
  const [left, right] = [side(), side()]
  const channel = (own: typeof left, other: typeof left): SyncChannel => ({
    operation: untraced(),
    async send(message) {
      count.bytes += message.length
      count.messages += 1
      if (lastSender !== own) count.crossings += 1
      lastSender = own
      other.queue.push(message)
      other.wake?.()
    },
    async receive() {
      while (own.queue.length === 0) {
        if (failed !== undefined) throw failed
        await new Promise<void>((resolve) => {
          own.wake = resolve
        })
      }
      return own.queue.shift() as Uint8Array
    },
  })
  return {
    left: channel(left, right),
    right: channel(right, left),
    count,
    end() {
      failed = new Error('the channel ended')
      left.wake?.()
      right.wake?.()
    },
  }
}
