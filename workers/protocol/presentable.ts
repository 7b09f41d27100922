/**
 * Bounds for displayed values that all views can render. Records are stored and passed on unchanged, so that validity
 * is the same for every peer of any version; only their display is bounded. No record has to be refused or deleted for
 * an odd value, and older rows are displayed the same way.
 *
 * Guarantees: total, pure, idempotent.
 */

/** The latest displayed time (ms since the epoch): the end of the year 9999. `Date` goes further, formats do not. */
const LAST_TIME = 253_402_300_799_999

/** Tolerance for publishers' clocks ahead of ours (ms). Synchronised clocks differ by seconds. */
export const CLOCK_TOLERANCE_MS = 600_000

/** Replaces an implausible time. Sorts as the oldest. */
export const UNKNOWN_TIME = 0

/**
 * Returns the time of a record, never later than `now`. A time beyond the clock tolerance becomes unknown, not `now`:
 * otherwise it would lead the list of recent updates after every reload.
 * @param now ms since the epoch; infinite if the present is unknown.
 */
export const presentableTime = (claimed: number, now = Number.POSITIVE_INFINITY): number => {
  if (!Number.isFinite(claimed) || claimed < 0 || claimed > LAST_TIME) return UNKNOWN_TIME
  if (claimed <= now) return Math.floor(claimed)
  return claimed - now <= CLOCK_TOLERANCE_MS ? Math.floor(Math.max(now, 0)) : UNKNOWN_TIME
}

/** Rounds and clamps a number to 0 … `max`. */
export const presentableCount = (count: number, max: number): number =>
  Number.isNaN(count) ? 0 : Math.floor(Math.min(Math.max(count, 0), max))

/**
 * Returns a line for display: without invisible characters, bidirectional controls and unassigned characters, and
 * without stacks of marks that overlap other lines. If nothing visible is left, returns `fallback`.
 */
export const presentableLine = (text: string, fallback = ''): string => {
  if (plainAscii.test(text)) return text.trim() === '' ? fallback : text.trim()
  const shown = text
    .toWellFormed()
    .replace(invisible, '')
    .replace(strayJoiners, '')
    .replace(stackedMarks, (marks) => [...marks].slice(0, MAX_MARKS).join(''))
    .replace(/\s+/gu, ' ')
    .trim()
  return visible.test(shown) ? shown : fallback
}

/** Returns the lines of a list for display, without empty ones and duplicates. */
export const presentableLines = (lines: readonly string[]): string[] => [
  ...new Set(lines.map((line) => presentableLine(line)).filter((line) => line !== '')),
]

/** Marks on one letter. The languages that stack most need four. */
const MAX_MARKS = 4

const plainAscii = /^[\x20-\x7e]*$/

/**
 * Invisible characters except joiners and variation selectors, which emoji and several scripts need: controls,
 * unassigned and private-use characters, bidirectional controls, fillers, blank braille, tags.
 */
const invisible =
  /[\p{Cc}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\ufffc\ufffd\u2800]|(?![\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}])\p{Default_Ignorable_Code_Point}/gu

/** Joiners, selectors and tags without a preceding character that they could apply to. */
const strayJoiners =
  /(?<![\p{L}\p{M}\p{N}\p{Emoji}\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}])[\p{Join_Control}\p{Variation_Selector}\u{e0020}-\u{e007f}]+/gu

const stackedMarks = /\p{M}{5,}/gu

/** A visible character other than space or a lone mark. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u
