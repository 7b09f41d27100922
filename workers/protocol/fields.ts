import * as v from 'valibot'
import { isPackageId, isPublisherId, isSlug, publisherIdPattern, slugPattern } from './ids.ts'
import { HASH_BYTES, KEY_BYTES, MAX_KEY_BYTES, MAX_SIGNATURE_BYTES, SIGNATURE_BYTES } from './limits.ts'
import { countCharacters, isLine } from './text.ts'
import { isVersion } from './versions-and-ranges.ts'

/**
 * Schemas of fields that several records share. Rules that JSON Schema cannot express have a message, and the pinned
 * schema hashes cover these messages: a changed rule needs a changed message.
 */

/**
 * A map with at least these fields. Other fields belong to later versions of the format: they are kept unchanged and
 * ignored (docs/protocol.md §2).
 */
export const openRecord = <const Entries extends v.ObjectEntries>(
  entries: Entries,
): v.LooseObjectSchema<Entries, undefined> => {
  const schema = v.looseObject(entries)
  return {
    ...schema,
    '~run'(dataset, config) {
      const { value: input } = dataset
      const result = schema['~run'](dataset, config)
      // The schema library drops these names. As own properties they change no prototype.
      if (result.typed && typeof input === 'object' && input !== null) {
        for (const name of unlistedNames) {
          const field = Object.getOwnPropertyDescriptor(input, name)
          if (field !== undefined) Object.defineProperty(result.value, name, field)
        }
      }
      return result
    },
  }
}

const unlistedNames = ['__proto__', 'constructor', 'prototype']

const tokenPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/

/** Byte string of at least `min` and at most `max` bytes. */
export const bytes = (min: number, max: number) =>
  v.pipe(
    v.instance(Uint8Array, 'bytes are expected'),
    v.minLength(min, 'too few bytes'),
    v.maxLength(max, 'too many bytes'),
  )

export const hash = bytes(HASH_BYTES, HASH_BYTES)

/** A key of 32 bytes is Ed25519; any other length is a type of key that this version cannot check. */
export const publicKey = bytes(KEY_BYTES, MAX_KEY_BYTES)

/** A signature by a key of that length; Ed25519 has 64 bytes. */
export const signature = bytes(SIGNATURE_BYTES, MAX_SIGNATURE_BYTES)

/** A short word, such as the kind of an entry or a message. */
export const token = v.pipe(
  v.string('a word is expected'),
  v.regex(tokenPattern, 'a word of 1 to 64 letters, digits and . _ : - is expected'),
)

/** Whole number from `min` to `max`, both included. */
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number('a number is expected'),
    v.safeInteger('a whole number is expected'),
    v.minValue(min, 'the number is too small'),
    v.maxValue(max, 'the number is too large'),
  )

/** A sequence number, starting at 1. */
export const seq = integer(1)

/** A line of text (text.ts). */
export const line = (minCharacters: number, maxCharacters: number) =>
  v.pipe(
    v.string('a text is expected'),
    v.check(
      (text) => isLine(text, maxCharacters) && countCharacters(text) >= minCharacters,
      `a clean line of ${minCharacters} to ${maxCharacters} characters is expected`,
    ),
  )

/** A list of distinct lines. */
export const distinctLines = (maxEntries: number, maxCharacters: number) =>
  v.pipe(
    shortList(line(1, maxCharacters), 0, maxEntries),
    v.check((entries) => new Set(entries).size === entries.length, 'the entries must differ'),
  )

// The patterns repeat a part of the checks so that the pinned schema hashes cover them.
export const publisherId = v.pipe(
  v.string('a publisher id is expected'),
  v.regex(publisherIdPattern, 'a publisher id is expected'),
  v.guard(isPublisherId, 'a publisher id is expected'),
)

export const packageIdField = v.pipe(
  v.string('a package id is expected'),
  v.guard(isPackageId, 'a package id is expected'),
)

export const slug = v.pipe(
  v.string('a package name is expected'),
  v.regex(slugPattern, 'a package name is expected'),
  v.check(isSlug, 'a package name that no system reserves is expected'),
)

export const version = v.pipe(v.string('a version is expected'), v.check(isVersion, 'a semantic version is expected'))

/** Milliseconds since the epoch. */
export const timestamp = integer(0)

/** A flag: true or no field at all, so that each value has one encoding. */
export const mark = v.literal(true, 'only true is possible here')

/** A list of `min` to `max` entries. The codec has already bounded their number (`maxItems`). */
export const shortList = <const Item extends v.GenericSchema>(item: Item, min: number, max: number) =>
  v.pipe(v.array(item, 'a list is expected'), v.minLength(min, 'too few entries'), v.maxLength(max, 'too many entries'))
