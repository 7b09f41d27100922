import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Judgement, judge, judgementToText, type Percentile, toRunUnit, type Units } from './judge.ts'
import { type Figure, isHigherBetter } from './measurement.ts'

/**
 * Compares two checkouts by alternating runs, so that a machine that slows down affects both. The unit of the test is a
 * run.
 */

/** The figure of one run for one scenario. */
export interface RunFigure {
  readonly scenario: string
  readonly higherIsBetter: boolean
  readonly unit: Readonly<Record<Percentile, number>>
}

export interface Difference extends Judgement {
  readonly scenario: string
}

export interface Comparison {
  /** Differences of the scenarios that both sides measured, in the order of the runs now. */
  readonly differences: readonly Difference[]
  /** Scenarios measured before but not in every run now. */
  readonly missing: readonly string[]
}

export const toRunFigure = (figure: Figure): RunFigure => {
  const higherIsBetter = isHigherBetter(figure)
  return { scenario: figure.scenario, higherIsBetter, unit: toRunUnit(figure.samples, higherIsBetter) }
}

export const compareRuns = (
  before: readonly (readonly RunFigure[])[],
  now: readonly (readonly RunFigure[])[],
): Comparison => {
  const scenariosOf = (runs: readonly (readonly RunFigure[])[]): string[] => [
    ...new Set(runs.flatMap((run) => run.map(({ scenario }) => scenario))),
  ]
  const inEveryRunNow = scenariosOf(now).filter((wanted) => now.every((run) => run.some(isOf(wanted))))
  const differences = inEveryRunNow.flatMap((scenario) => {
    const [old, recent] = [before, now].map((runs) => runs.flatMap((run) => run.filter(isOf(scenario)))) as [
      RunFigure[],
      RunFigure[],
    ]
    if (old.length === 0) return []
    const higherIsBetter = recent[0]?.higherIsBetter ?? false
    return [{ scenario, ...judge(toUnits(old), toUnits(recent), { higherIsBetter }) }]
  })
  return { differences, missing: scenariosOf(before).filter((scenario) => !inEveryRunNow.includes(scenario)) }
}

const worseIn = ({ differences }: Comparison): string[] =>
  differences.flatMap(({ scenario, worse }) => worse.map((at) => `${scenario} (${at})`))

/** Returns the regressions that a second comparison, of other runs, confirms. */
export const confirmedWorse = async (compareOnce: () => Promise<Comparison>): Promise<string[]> => {
  const first = worseIn(await compareOnce())
  if (first.length === 0) return []
  const second = new Set(worseIn(await compareOnce()))
  return first.filter((each) => second.has(each))
}

export const differenceToText = (difference: Difference): string =>
  `${difference.scenario}: relative to the runs before ${judgementToText(difference)}`

const isOf =
  (wanted: string) =>
  ({ scenario }: RunFigure): boolean =>
    scenario === wanted

const toUnits = (figures: readonly RunFigure[]): Units => ({
  p50: figures.map(({ unit }) => unit.p50),
  p95: figures.map(({ unit }) => unit.p95),
  p99: figures.map(({ unit }) => unit.p99),
})

/** Before, now, now, before …: a drift of the machine affects both sides equally. */
export const orderOf = (rounds: number): ('before' | 'now')[] =>
  Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? ['before', 'now'] : ['now', 'before'])).flat() as (
    | 'before'
    | 'now'
  )[]

export interface Checkout {
  readonly folder: string
  remove(): void
}

/** Checks out, installs and builds the project at `ref` in a temporary folder. */
export const checkOut = (ref: string): Checkout => {
  const project = fileURLToPath(new URL('../..', import.meta.url))
  const parent = mkdtempSync(join(tmpdir(), 'ggen-bench-'))
  const folder = join(parent, 'before')
  const git = (...args: string[]): void => void execFileSync('git', ['-C', project, ...args], { stdio: 'pipe' })
  const remove = (): void => {
    git('worktree', 'remove', '--force', folder)
    rmSync(parent, { recursive: true, force: true })
  }
  git('worktree', 'add', '--detach', folder, ref)
  try {
    for (const args of [
      ['ci', '--no-audit', '--no-fund'],
      ['run', 'build'],
    ])
      execFileSync('npm', args, { cwd: folder, stdio: 'pipe' })
  } catch (error) {
    remove()
    throw error
  }
  return { folder, remove }
}
