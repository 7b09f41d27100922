import { intlLocale, locale } from './catalogue.ts'

/** Numbers in the current language. Total: anything that is not a finite number counts as zero. */

export const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

/** `1,204`. */
export const formatCount = (count: number): string => numberFormat().format(finite(count))

/** At most one digit after the point: `1.5`. */
export const formatDecimal = (value: number): string => numberFormat({ maximumFractionDigits: 1 }).format(finite(value))

/** With two digits after the point, as a score: `0.91`. */
export const formatScore = (value: number): string =>
  numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(finite(value))

/** A share from 0 to 1: `87%`. */
export const formatPercent = (share: number): string =>
  numberFormat({ style: 'percent' }).format(Math.min(Math.max(finite(share), 0), 1))

/** With the unit in full: `1 minute`, `3 days`. */
export const formatUnit = (value: number, unit: 'second' | 'minute' | 'hour' | 'day' | 'year'): string =>
  numberFormat({ style: 'unit', unit, unitDisplay: 'long' }).format(finite(value))

/** Creating a formatter takes 50 times as long as using it. */
const formats = new Map<string, Intl.NumberFormat>()

const numberFormat = (options: Intl.NumberFormatOptions = {}): Intl.NumberFormat => {
  const language = intlLocale[locale.get()]
  const key = `${language} ${options.style} ${options.unit} ${options.minimumFractionDigits} ${options.maximumFractionDigits}`
  const format = formats.get(key) ?? new Intl.NumberFormat(language, options)
  formats.set(key, format)
  return format
}
