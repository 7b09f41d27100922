/**
 * Numbers, times and names as the page writes them: one way each, in plain English. Total: whatever a stranger's
 * record or a damaged row holds, a text results and nothing is thrown.
 */

const KB = 1000

/** The last moment that is written as a date (ms): the end of the year 9999. After it come other forms, then no date. */
const LAST_TIME = 253_402_300_799_999

/** Tells whether `time` is one that a person can be shown. Zero stands for a time that is not known. */
const isKnownTime = (time: number): boolean => Number.isFinite(time) && time > 0 && time <= LAST_TIME

/** What stands where there is no time to show. */
export const unknownTime = 'date unknown'

const number = new Intl.NumberFormat('en')
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short' })

/** Anything that is not a finite number counts as zero. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

export const formatCount = (count: number): string => number.format(finite(count))

/** A share from 0 to 1: `87 %`. */
export const formatPercent = (share: number): string =>
  `${number.format(Math.round(Math.min(Math.max(finite(share), 0), 1) * 100))} %`

/** `1 peer`, `2 peers`, `1,204 packages`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** Bytes in decimal units, one digit below ten: `0 B`, `999 B`, `1.5 kB`, `12 kB`, `100 MB`. */
export const formatBytes = (size: number): string => {
  const bytes = Math.max(finite(size), 0)
  if (bytes < KB) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = bytes / KB
  let unit = 0
  // Compared as rounded, so that 999.9 kB is written 1 MB and not 1,000 kB.
  while (Math.round(value) >= KB && unit < units.length - 1) {
    value /= KB
    unit += 1
  }
  return `${value < 9.95 ? oneDigit.format(value) : number.format(Math.round(value))} ${units[unit]}`
}

/** A duration of a search or a command: `0.3 ms`, `42 ms`, `1.8 s`. */
export const formatDuration = (duration: number): string => {
  const ms = finite(duration)
  if (ms < 10) return `${oneDigit.format(Math.max(ms, 0.1))} ms`
  return ms < KB ? `${Math.round(ms)} ms` : `${oneDigit.format(ms / KB)} s`
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 365.25 * DAY_MS

/** From how many ms on a span is written in which unit. */
const shortestSpan = [0, MINUTE_MS, 'minute'] as const
const spans = [
  [1.5 * YEAR_MS, YEAR_MS, 'year'],
  [1.5 * DAY_MS, DAY_MS, 'day'],
  [1.5 * HOUR_MS, HOUR_MS, 'hour'],
] as const

/** How long ago, in words; a date after 30 days. A time yet to come (clocks differ) counts as now. */
export const formatAgo = (time: number, now: number): string => {
  if (!isKnownTime(time)) return unknownTime
  const age = now - time
  // Also where the present is not a number.
  if (!(age >= MINUTE_MS)) return 'just now'
  if (age < HOUR_MS) return relative.format(-Math.floor(age / MINUTE_MS), 'minute')
  if (age < DAY_MS) return relative.format(-Math.floor(age / HOUR_MS), 'hour')
  if (age < 30 * DAY_MS) return relative.format(-Math.floor(age / DAY_MS), 'day')
  return formatDate(time)
}

export const formatDate = (time: number): string => (isKnownTime(time) ? date.format(time) : unknownTime)

export const formatDateTime = (time: number): string => (isKnownTime(time) ? dateTime.format(time) : unknownTime)

/** For the `datetime` attribute; undefined where there is no time to show. */
export const toIsoTime = (time: number): string | undefined =>
  isKnownTime(time) ? new Date(time).toISOString() : undefined

/** A long duration in its largest unit: `12 minutes`, `3 hours`, `1 day`, `3 years`. */
export const formatSpan = (duration: number): string => {
  const ms = Math.abs(finite(duration))
  const [, unitMs, unit] = spans.find(([from]) => ms >= from) ?? shortestSpan
  return plural(Math.round(ms / unitMs), unit)
}

const SHORT_PUBLISHER_CHARACTERS = 8

/** `@name~1a2b3c4d`: the publisher's own name, and enough of its id to tell namesakes apart. */
export const publisherTag = (name: string, publisherId: string): string =>
  `@${name}~${publisherId.slice(0, SHORT_PUBLISHER_CHARACTERS)}`

export const publisherOf = (id: string): string => id.slice(0, Math.max(id.indexOf('/'), 0))

export const slugOf = (id: string): string => id.slice(id.indexOf('/') + 1)

/** What a spec names, without the publisher: `<publisherId>/hello@^1` reads `hello ^1`. */
export const specLabel = (spec: string): string => slugOf(spec).replace('@=', ' ').replace('@', ' ')

/** Long ids and fingerprints in groups of four, so that two people can compare them aloud. */
export const inGroups = (text: string): string =>
  text
    .replaceAll(' ', '')
    .match(/.{1,4}/gu)
    ?.join(' ') ?? ''

/** A long id with its middle left out, for places where it only has to be recognised. */
export const shortened = (text: string, keep = 10): string =>
  text.length <= keep * 2 + 1 ? text : `${text.slice(0, keep)}…${text.slice(-keep)}`

/** `a`, `a and b`, `a, b and c`. */
export const inWords = (items: readonly string[]): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
