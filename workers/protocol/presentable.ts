/**
 * What people are shown of records, in bounds that every view can draw. Records are signed, stored and passed on as they
 * are: whether one is valid stays the same question for every peer, old or new, and only what is shown of it is bounded.
 * So nothing has to be refused or deleted for a value that looks odd, and rows that were stored before are shown alike.
 *
 * Guarantees: total, pure, and what is presentable already stays as it is.
 */

/** The last moment that is shown (ms since the epoch): the end of the year 9999. `Date` ends later, formats do not. */
const LAST_TIME = 253_402_300_799_999

/** A publisher's clock may be ahead of ours by this much (ms): machines that set their clocks differ by seconds. */
export const CLOCK_TOLERANCE_MS = 600_000

/** What stands for a time that cannot be believed. It sorts after every other. */
export const UNKNOWN_TIME = 0

/**
 * When a record was made, as far as its publisher can be believed: never later than `now`. A time further ahead than
 * clocks differ is unknown, and not “now”: it would lead the list of what was updated last, with each reload again.
 * @param now ms since the epoch; infinite where the present is not known, so that no time is ahead of it.
 */
export const presentableTime = (claimed: number, now = Number.POSITIVE_INFINITY): number => {
  if (!Number.isFinite(claimed) || claimed < 0 || claimed > LAST_TIME) return UNKNOWN_TIME
  if (claimed <= now) return Math.floor(claimed)
  return claimed - now <= CLOCK_TOLERANCE_MS ? Math.floor(Math.max(now, 0)) : UNKNOWN_TIME
}

/** A whole number from 0 to `max`. */
export const presentableCount = (count: number, max: number): number =>
  Number.isNaN(count) ? 0 : Math.floor(Math.min(Math.max(count, 0), max))

/**
 * A line as it is shown: without characters that show nothing, turn the direction of what stands beside them, or have
 * no meaning, and without towers of marks that reach into other lines. `otherwise` stands for what is empty then.
 */
export const presentableLine = (text: string, otherwise = ''): string => {
  if (plainAscii.test(text)) return text.trim() === '' ? otherwise : text.trim()
  const shown = text
    .toWellFormed()
    .replace(unseen, '')
    .replace(loneJoiners, '')
    .replace(towers, (marks) => [...marks].slice(0, MAX_MARKS).join(''))
    .replace(/\s+/gu, ' ')
    .trim()
  return seen.test(shown) ? shown : otherwise
}

/** The same for a list, without what is empty or there already. */
export const presentableLines = (lines: readonly string[]): string[] => [
  ...new Set(lines.map((line) => presentableLine(line)).filter((line) => line !== '')),
]

/** Marks over and under one letter; the languages that stack most need four. */
const MAX_MARKS = 4

const plainAscii = /^[\x20-\x7e]*$/

/**
 * Everything that is drawn as nothing, but joiners and variation selectors, which emoji and several scripts need: controls,
 * what has no meaning or a private one, bidirectional controls, fillers, blank braille, tags.
 */
const unseen =
  /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\ufffc\ufffd\u2800]|(?![\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}/gu

/** A joiner, a selector or a tag where there is nothing before it that it could join, select or end. */
const loneJoiners =
  /(?<![\p{L}\p{M}\p{N}\p{Emoji}\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}])[\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}]+/gu

const towers = /\p{M}{5,}/gu

/** Something that is drawn, and not only space or a mark over nothing. */
const seen = /[\p{L}\p{N}\p{P}\p{S}]/u
