import { intlLocale, locale, messages } from './catalogue.ts'
import { params } from './forms.ts'
import { finite, formatDecimal, formatUnit } from './numbers.ts'

/**
 * Human-readable sizes, durations, times and lists. Total: returns a text for any value of an untrusted record or a
 * damaged row.
 */

const text = messages('format', {
  bytes: params('{value} B'),
  kilobytes: params('{value} kB'),
  megabytes: params('{value} MB'),
  gigabytes: params('{value} GB'),
  terabytes: params('{value} TB'),
  milliseconds: params('{value} ms'),
  seconds: params('{value} s'),
  justNow: 'just now',
  unknownTime: 'date unknown',
})

const KB = 1000
const byteUnits = ['kilobytes', 'megabytes', 'gigabytes', 'terabytes'] as const

/** Bytes in decimal units, one digit after the point below ten: `0 B`, `999 B`, `1.5 kB`, `12 kB`, `100 MB`. */
export const formatBytes = (size: number): string => {
  const bytes = Math.max(finite(size), 0)
  if (bytes < KB) return text.bytes({ value: String(bytes) })
  let value = bytes / KB
  let unit = 0
  // Compares the rounded value, so that 999.9 kB becomes 1 MB instead of 1,000 kB.
  while (Math.round(value) >= KB && unit < byteUnits.length - 1) {
    value /= KB
    unit += 1
  }
  return text[byteUnits[unit] ?? 'terabytes']({ value: value < 9.95 ? formatDecimal(value) : Math.round(value) })
}

/** Duration of a search or a command: `0.3 ms`, `42 ms`, `1.8 s`. */
export const formatDuration = (duration: number): string => {
  const ms = finite(duration)
  if (ms < 10) return text.milliseconds({ value: formatDecimal(Math.max(ms, 0.1)) })
  return ms < KB ? text.milliseconds({ value: Math.round(ms) }) : text.seconds({ value: formatDecimal(ms / KB) })
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 365.25 * DAY_MS

/** Minimum span for each unit (ms). */
const shortestSpan = [0, MINUTE_MS, 'minute'] as const
const spans = [
  [1.5 * YEAR_MS, YEAR_MS, 'year'],
  [1.5 * DAY_MS, DAY_MS, 'day'],
  [1.5 * HOUR_MS, HOUR_MS, 'hour'],
] as const

/** A long duration in its largest unit: `12 minutes`, `3 hours`, `1 day`, `3 years`. */
export const formatSpan = (duration: number): string => {
  const ms = Math.abs(finite(duration))
  const [, unitMs, unit] = spans.find(([from]) => ms >= from) ?? shortestSpan
  return formatUnit(Math.round(ms / unitMs), unit)
}

/** Latest time shown as a date (ms): the end of the year 9999. Later years have other formats, then none. */
const LAST_TIME = 253_402_300_799_999

/** Whether `time` can be shown. Zero means unknown. */
export const isKnownTime = (time: number): boolean => Number.isFinite(time) && time > 0 && time <= LAST_TIME

/** Relative time; a date after 30 days. A time in the future (clocks differ) counts as now. */
export const formatAgo = (time: number, now: number): string => {
  if (!isKnownTime(time)) return text.unknownTime
  const age = now - time
  // Also covers a current time that is not a number.
  if (!(age >= MINUTE_MS)) return text.justNow
  if (age >= 30 * DAY_MS) return formatDate(time)
  const relative = new Intl.RelativeTimeFormat(intlLocale[locale.get()], { numeric: 'auto' })
  if (age < HOUR_MS) return relative.format(-Math.floor(age / MINUTE_MS), 'minute')
  if (age < DAY_MS) return relative.format(-Math.floor(age / HOUR_MS), 'hour')
  return relative.format(-Math.floor(age / DAY_MS), 'day')
}

/** `14 Nov 2026`. */
export const formatDate = (time: number): string =>
  formatTime(time, { day: 'numeric', month: 'short', year: 'numeric' })

/** `14 November 2026 at 12:00`. */
export const formatDateTime = (time: number): string => formatTime(time, { dateStyle: 'long', timeStyle: 'short' })

const formatTime = (time: number, options: Intl.DateTimeFormatOptions): string =>
  isKnownTime(time) ? new Intl.DateTimeFormat(intlLocale[locale.get()], options).format(time) : text.unknownTime

/** `a`, `a and b`, `a, b and c`. */
export const formatList = (items: readonly string[]): string =>
  new Intl.ListFormat(intlLocale[locale.get()], { type: 'conjunction' }).format(items)
