import type { SampleColumn } from '../../workers/contract/sample-columns.ts'
import type { SeriesDefinition } from './chart-definition.ts'
import type { SampleWindow } from './window.ts'

type Read = SeriesDefinition['read']

/** A column that the page adds itself. */
export const pageHeapColumn = 'page_heap_bytes'

type Column = SampleColumn | typeof pageHeapColumn

/** A column that is missing, as with an engine of another version, has no values. */
const columnOf = ({ columns }: SampleWindow, name: string): Float64Array => columns.get(name) ?? none

const none = new Float64Array()

export const column =
  (name: Column): Read =>
  (window, from, to) =>
    columnOf(window, name).subarray(from, to)

/** The column of a name that may change. */
export const columnNamed =
  (nameOf: () => string | undefined): Read =>
  (window, from, to) =>
    columnOf(window, nameOf() ?? '').subarray(from, to)

/** A count of the row, in a second. */
export const perSecond =
  (...names: readonly Column[]): Read =>
  (window, from, to) => {
    const columns = names.map((name) => columnOf(window, name))
    const seconds = window.stepMs / 1000
    return mapRows(from, to, (row) => columns.reduce((sum, each) => sum + (each[row] ?? Number.NaN), 0) / seconds)
  }

/** Rows over which shares of counts are taken: most seconds have none. */
const shareMs = 60_000

/** Share of some counts in others over the minute that ends with the row; NaN when nothing was counted in it. */
export const shareOf =
  (parts: readonly Column[], wholes: readonly Column[]): Read =>
  (window, from, to) => {
    const rows = Math.max(1, Math.round(shareMs / window.stepMs))
    const part = sumOver(window, parts, { from, to, rows })
    const whole = sumOver(window, wholes, { from, to, rows })
    return mapRows(0, to - from, (row) => {
      const sum = whole[row] ?? 0
      return sum > 0 ? (part[row] ?? 0) / sum : Number.NaN
    })
  }

/** For each row, the sum of columns over the rows that end with it. */
const sumOver = (
  window: SampleWindow,
  names: readonly Column[],
  { from, to, rows }: { from: number; to: number; rows: number },
): Float64Array => {
  const columns = names.map((name) => columnOf(window, name))
  const at = (row: number): number => columns.reduce((sum, each) => sum + (each[row] || 0), 0)
  const sums = new Float64Array(Math.max(0, to - from))
  let sum = 0
  for (let row = Math.max(0, from - rows + 1); row < to; row += 1) {
    sum += at(row)
    if (row - rows >= Math.max(0, from - rows + 1)) sum -= at(row - rows)
    if (row >= from) sums[row - from] = sum
  }
  return sums
}

/** Sum of a column in the rows [from, to). */
export const total = (window: SampleWindow, name: Column, from: number, to: number): number => {
  let sum = 0
  for (const value of columnOf(window, name).subarray(from, to)) sum += value || 0
  return sum
}

const mapRows = (from: number, to: number, at: (row: number) => number): Float64Array => {
  const values = new Float64Array(Math.max(0, to - from))
  for (let row = from; row < to; row += 1) values[row - from] = at(row)
  return values
}
