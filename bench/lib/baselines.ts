import { readFileSync, writeFileSync } from 'node:fs'
import type { Comparable, StoredFigure } from './compare.ts'
import { toRunUnit } from './judge.ts'
import type { Machine } from './machine.ts'

/** One run of a suite as it is kept: its figures for the table, and blocks to compare the next run with. */
export interface Baselines {
  readonly v: 2
  /** `2026-11-30`. */
  readonly measuredOn: string
  readonly command: string
  readonly machine: Machine
  readonly figures: readonly StoredFigure[]
}

/** The kept run, `undefined` where there is none. Throws where the file is there and is none. */
export const readBaselines = (file: string): Baselines | undefined => {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const read = JSON.parse(text) as Baselines | FirstBaselines
  if (!Array.isArray(read.figures)) throw new Error(`${file} holds no baselines.`)
  if (read.v === 2) return read
  if (read.v === 1) return { ...read, v: 2, figures: read.figures.map(fromFirst) }
  throw new Error(`${file} holds no baselines of version 1 or 2.`)
}

/** Version 1 kept samples in ascending order, which is no order to make blocks of: one block, too few to judge by. */
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

/** A line a figure, so that a change of one is a change of one line. */
export const writeBaselines = (file: string, { figures, ...head }: Baselines): void => {
  const start = JSON.stringify(head, null, 2).slice(0, -2)
  const lines = figures.map((figure) => `    ${JSON.stringify(figure, rounded)}`)
  writeFileSync(file, `${start},\n  "figures": [\n${lines.join(',\n')}\n  ]\n}\n`)
}

/** Runs differ by more than the seventh digit. */
const rounded = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(6)) : value
