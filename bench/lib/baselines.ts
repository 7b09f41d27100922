import { readFileSync, writeFileSync } from 'node:fs'
import type { StoredFigure } from './compare.ts'
import type { Machine } from './machine.ts'

/** One run of a suite as it is kept: its figures for the table, and samples to compare the next run with. */
export interface Baselines {
  readonly v: 1
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
  const read = JSON.parse(text) as Baselines
  if (read.v !== 1 || !Array.isArray(read.figures)) throw new Error(`${file} holds no baselines of version 1.`)
  return read
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
