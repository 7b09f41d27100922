import { readFileSync, writeFileSync } from 'node:fs'
import type { Comparable, StoredFigure } from './compare.ts'
import { toRunUnit } from './judge.ts'
import type { Machine } from './machine.ts'

/** A saved run of a suite: its figures for the table, and blocks to compare later runs with. */
export interface Baselines {
  readonly v: 2
  /** `2026-11-30`. */
  readonly measuredOn: string
  readonly command: string
  readonly machine: Machine
  readonly figures: readonly StoredFigure[]
}

/** Reads a saved run; undefined if the file does not exist. Throws if it is invalid. */
export const readBaselines = (file: string): Baselines | undefined => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return parseBaselines(text, file)
}

/** @param file Its name, for errors. Throws if the text is invalid. */
export const parseBaselines = (text: string, file: string): Baselines => {
  const read = JSON.parse(text) as Baselines | FirstBaselines
  if (!Array.isArray(read.figures)) throw new Error(`${file} does not contain baselines.`)
  if (read.v === 2) return read
  if (read.v === 1) return { ...read, v: 2, figures: read.figures.map(fromFirst) }
  throw new Error(`${file} does not contain baselines of version 1 or 2.`)
}

/** Version 1 stored sorted samples, which cannot form blocks: they become one block, too few to compare. */
interface FirstBaselines extends Omit<Baselines, 'v' | 'figures'> {
  readonly v: 1
  readonly figures: readonly (Omit<StoredFigure, 'compared'> & {
    readonly compared: Omit<Comparable, 'blocks'> & { readonly samples: readonly number[] }
  })[]
}

const fromFirst = ({ compared, ...row }: FirstBaselines['figures'][number]): StoredFigure => {
  const { samples, ...kept } = compared
  const { p50, p95, p99 } = toRunUnit(samples, compared.higherIsBetter)
  const blocks = samples.length === 0 ? { p50: [], p95: [], p99: [] } : { p50: [p50], p95: [p95], p99: [p99] }
  return { ...row, compared: { ...kept, blocks } }
}

/** Writes one line per figure, which keeps diffs small. */
export const writeBaselines = (file: string, { figures, ...head }: Baselines): void => {
  const start = JSON.stringify(head, null, 2).slice(0, -2)
  const lines = figures.map((figure) => `    ${JSON.stringify(figure, rounded)}`)
  writeFileSync(file, `${start},\n  "figures": [\n${lines.join(',\n')}\n  ]\n}\n`)
}

/** Rounds to six digits: runs differ by more than that. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value
