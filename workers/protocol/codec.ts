import * as dagCbor from '@ipld/dag-cbor'
import * as v from 'valibot'
import { sameBytes } from './bytes.ts'
import { findShapeFault } from './cbor-shape.ts'
import { type Decoded, type DecodeFailure, decoded, RecordError, refused } from './decoded.ts'
import { DEFAULT_MAX_ITEMS } from './limits.ts'
import { toLine } from './text.ts'

/**
 * Canonical DAG-CBOR for one format. `decode` is total: any bytes give a value or a named failure, in time and memory
 * bounded by `maxBytes` and `maxItems`. Each value has exactly one encoding, so hashes and signatures of the bytes
 * cover the value. Open records (`fields.ts`) keep fields that the schema does not name. Not checked here: signatures,
 * and rules across several records.
 */

/** Encodes and decodes the values of one format. */
export interface Codec<T> {
  /** Name of the format for messages, such as “release record”. */
  readonly name: string
  readonly schema: v.GenericSchema<unknown>
  readonly maxBytes: number
  /** @throws RecordError if the value violates the schema or is too large, so that no peer would accept it. */
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): Decoded<T>
}

export interface CodecOptions<T> {
  readonly name: string
  /** The `v` that the schema requires. A higher one is reported as unsupported, not as malformed. */
  readonly version: number
  readonly schema: v.GenericSchema<unknown, T>
  readonly maxBytes: number
  /** Maximum number of CBOR items (a map entry has two). */
  readonly maxItems?: number
}

export const createCodec = <T>(options: CodecOptions<T>): Codec<T> => {
  const { name, version, schema, maxBytes, maxItems = DEFAULT_MAX_ITEMS } = options

  const check = (input: unknown): Decoded<T> => {
    const result = v.safeParse(schema, input, { abortEarly: true, abortPipeEarly: true })
    return result.success ? decoded(result.output) : malformed(name, describeIssue(result.issues[0]))
  }

  const decode = (bytes: Uint8Array): Decoded<T> => {
    if (bytes.length > maxBytes) return tooLarge(name, bytes.length, maxBytes)
    const fault = findShapeFault(bytes, maxItems)
    if (fault !== undefined) return malformed(name, fault)
    try {
      const raw: unknown = dagCbor.decode(bytes)
      const rawVersion = versionOf(raw)
      if (rawVersion !== undefined && rawVersion > version) {
        return refused(
          'RecordUnsupported',
          `This ${name} has version ${rawVersion} of its format; this program reads version ${version}. A newer one is needed.`,
        )
      }
      const value = check(raw)
      if (!value.ok) return value
      return sameBytes(dagCbor.encode(value.value), bytes) ? value : malformed(name, 'it is not in canonical form')
    } catch {
      // The strict decoder throws for invalid keys, duplicate keys and overlong numbers.
      return malformed(name, 'it is not in canonical form')
    }
  }

  return {
    name,
    schema,
    maxBytes,

    encode(value) {
      const checked = check(value)
      if (!checked.ok) throw new RecordError(checked.name, checked.message)
      const bytes = serialize(name, checked.value)
      // Decoded again: if the schema is laxer than the decoder, the mistake shows here and not at a peer.
      const read = decode(bytes)
      if (!read.ok) throw new RecordError(read.name, read.message)
      return bytes
    },

    decode,
  }
}

const serialize = (name: string, value: unknown): Uint8Array => {
  try {
    // Copied: the encoder returns a view of a large shared buffer (in Node a `Buffer`, whose `slice` does not copy),
    // and storing or sending the view would include all of it.
    return new Uint8Array(dagCbor.encode(value))
  } catch {
    throw new RecordError('RecordMalformed', `This ${name} holds something that has no encoding.`)
  }
}

const malformed = (name: string, reason: string): DecodeFailure =>
  refused('RecordMalformed', `This ${name} is not valid: ${reason}.`)

const tooLarge = (name: string, size: number, maxBytes: number): DecodeFailure =>
  refused('RecordTooLarge', `This ${name} has ${size} bytes; at most ${maxBytes} are allowed.`)

const versionOf = (raw: unknown): number | undefined =>
  typeof raw === 'object' && raw !== null && 'v' in raw && typeof raw.v === 'number' ? raw.v : undefined

const describeIssue = (issue: v.BaseIssue<unknown>): string => {
  // Keys are untrusted input, so they are sanitised and truncated.
  const path = (issue.path ?? []).map((item) => toLine(String(item.key), MAX_KEY_SHOWN)).join('.')
  const reason =
    issue.type !== 'strict_object' && issue.type !== 'loose_object'
      ? issue.message
      : path === '' || issue.expected === 'Object'
        ? 'fields are expected'
        : issue.expected === 'never'
          ? 'no such field is known'
          : 'the field is missing'
  return path === '' ? reason : `${path}: ${reason}`
}

const MAX_KEY_SHOWN = 40
