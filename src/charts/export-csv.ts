import type { ChartData } from './chart-data.ts'
import { type ChartDefinition, columnNameOf } from './chart-definition.ts'
import type { SampleRows } from './sample-rows.ts'

/** Tables as CSV (RFC 4180): times as ISO 8601 in UTC, numbers unrounded, nothing where nothing was measured. */

export const chartToCsv = ({ series }: ChartDefinition, { times, values }: ChartData, timeName: string): string =>
  toCsv([
    [timeName, ...series.map(columnNameOf)],
    ...times.map((time, row) => [toIso(time), ...values.map((each) => each[row] ?? null)]),
  ])

/** All columns of the rows in [from, to]. */
export const rowsToCsv = ({ times, columns }: SampleRows, { from, to }: { from: number; to: number }): string => {
  const names = [...columns.keys()]
  const rows: (string | number | null)[][] = []
  for (const [row, time] of times.entries()) {
    if (time < from || time > to) continue
    rows.push([toIso(time), ...names.map((name) => columns.get(name)?.[row] ?? null)])
  }
  return toCsv([['time', ...names], ...rows])
}

const toCsv = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows.map((row) => `${row.map(toCell).join(',')}\r\n`).join('')

const toCell = (value: string | number | null): string => {
  if (value === null) return ''
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  // A spreadsheet would run a text that begins like a formula.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Latest time that a date can have (ms). */
const latest = 8.64e15

const toIso = (time: number): string => (Math.abs(time) <= latest ? new Date(time).toISOString() : '')
