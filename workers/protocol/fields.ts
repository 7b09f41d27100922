import * as v from 'valibot'
import { isPackageId, isPublisherId, isSlug, publisherIdPattern, slugPattern } from './ids.ts'
import { HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'
import { countCharacters, isLine } from './text.ts'
import { isVersion } from './versions-and-ranges.ts'

/**
 * Schemas of the fields that several records share. Rules that the schema language has no words for carry a message;
 * the pinned schema hashes cover these messages, so a changed rule needs a changed message.
 */

/** Byte string of at least `min` and at most `max` bytes. */
export const bytes = (min: number, max: number) =>
  v.pipe(
    v.instance(Uint8Array, 'bytes are expected'),
    v.minLength(min, 'too few bytes'),
    v.maxLength(max, 'too many bytes'),
  )

export const hash = bytes(HASH_BYTES, HASH_BYTES)
export const publicKey = bytes(KEY_BYTES, KEY_BYTES)
export const signature = bytes(SIGNATURE_BYTES, SIGNATURE_BYTES)

/** Whole number from `min` to `max`, both included. */
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.number('a number is expected'),
    v.safeInteger('a whole number is expected'),
    v.minValue(min, 'the number is too small'),
    v.maxValue(max, 'the number is too large'),
  )

/** Counts up with each change of one thing; the first is 1. */
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

/** List of lines without equal members. */
export const distinctLines = (maxEntries: number, maxCharacters: number) =>
  v.pipe(
    shortList(line(1, maxCharacters), 0, maxEntries),
    v.check((entries) => new Set(entries).size === entries.length, 'the entries must differ'),
  )

// The patterns stand beside the checks that include them so that the pinned schema hashes cover them.
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

/** The mark of something that is so; what is not so has no field at all (one encoding for one value). */
export const mark = v.literal(true, 'only true is possible here')

/** List of `min` to `max` entries. The codec has bounded their number before (`maxItems`). */
export const shortList = <const Item extends v.GenericSchema>(item: Item, min: number, max: number) =>
  v.pipe(v.array(item, 'a list is expected'), v.minLength(min, 'too few entries'), v.maxLength(max, 'too many entries'))
