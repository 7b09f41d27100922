import * as dagCbor from '@ipld/dag-cbor'
import * as v from 'valibot'
import { sameBytes } from './bytes.ts'
import { findShapeFault } from './cbor-shape.ts'
import { type Decoded, type DecodeFailure, decoded, RecordError, refused } from './decoded.ts'
import { DEFAULT_MAX_ITEMS } from './limits.ts'
import { toLine } from './text.ts'

/**
 * Canonical DAG-CBOR for one format. `decode` is total: any bytes give a value or a named failure, in time and memory
 * bounded by `maxBytes` and `maxItems`. What decodes has exactly one encoding, so hashes and signatures over bytes
 * stand for values. Fields that a schema does not name come through unchanged where it is an open record (`fields.ts`).
 * Not done here: signatures, and rules that need more than the one record.
 */

/** Both ways between the values of one format and their only encoding. */
export interface Codec<T> {
  /** The format in words, for messages: “release record”. */
  readonly name: string
  readonly schema: v.GenericSchema<unknown>
  readonly maxBytes: number
  /** @throws RecordError when no peer would accept the value: it breaks the schema or is too large. */
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): Decoded<T>
}

export interface CodecOptions<T> {
  readonly name: string
  /** The `v` that the schema asks for; a higher one is told apart from a malformed record. */
  readonly version: number
  readonly schema: v.GenericSchema<unknown, T>
  readonly maxBytes: number
  /** Most CBOR items (a map entry has two). */
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
      // The strict decoder: invalid keys, duplicate keys, numbers in more bytes than needed.
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
      // The full way back: where a schema is laxer than the decoder, the mistake shows here and not at a peer.
      const read = decode(bytes)
      if (!read.ok) throw new RecordError(read.name, read.message)
      return bytes
    },

    decode,
  }
}

const serialize = (name: string, value: unknown): Uint8Array => {
  try {
    // Copied: the encoder hands out a part of a large shared buffer (in Node a `Buffer`, whose `slice` is no copy), and
    // storing or sending that would take all of it along.
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
  // Keys come from the input: show only as much as a message can bear.
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
