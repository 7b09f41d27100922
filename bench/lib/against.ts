import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from './measurement.ts'
import { isHigherBetter, toRow } from './measurement.ts'
import { leastProbability, medianOf, probabilityOfHigher } from './rank-test.ts'

/**
 * Two checkouts against each other, their runs taken in turns, so that a machine that slows down slows both. The unit of
 * the test is a run: samples within one run are correlated, and a thousand of them say no more than the run does.
 */

/** What one run says of one scenario. */
export interface RunFigure {
  readonly scenario: string
  readonly unit: string
  readonly higherIsBetter: boolean
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface Difference {
  readonly scenario: string
  readonly unit: string
  /** Median of the runs now over that of the runs before, by percentile. */
  readonly times: Readonly<Record<Percentile, number>>
  /** Percentiles that are worse by more than chance and `worstFactor`. */
  readonly worse: readonly Percentile[]
  readonly better: readonly Percentile[]
  /** Too few runs for any outcome to be beyond chance. */
  readonly tooFew: boolean
}

type Percentile = 'p50' | 'p95' | 'p99'

const percentiles: readonly Percentile[] = ['p50', 'p95', 'p99']

/** Worse by more than this counts. Of the tails only few samples tell, so they must differ more. */
const worstFactor: Readonly<Record<Percentile, number>> = { p50: 1.1, p95: 1.2, p99: 1.3 }

/** A difference counts where chance would show it less often than this. Five runs a side can, four cannot. */
const significance = 0.01

export const toRunFigure = (figure: Figure): RunFigure => {
  const { scenario, unit, p50, p95, p99 } = toRow(figure)
  return { scenario, unit, higherIsBetter: isHigherBetter(figure), p50, p95, p99 }
}

/** Scenarios that both sides measured, in the order of the runs now. */
export const differencesBetween = (
  before: readonly (readonly RunFigure[])[],
  now: readonly (readonly RunFigure[])[],
): Difference[] =>
  (now[0] ?? []).flatMap(({ scenario, unit, higherIsBetter }) => {
    const of = (runs: readonly (readonly RunFigure[])[]) =>
      runs.flatMap((run) => run.filter((figure) => figure.scenario === scenario))
    const [old, recent] = [of(before), of(now)]
    if (old.length === 0 || recent.length === 0) return []
    const judged = percentiles.map((percentile) => {
      const [a, b] = [old.map((figure) => figure[percentile]), recent.map((figure) => figure[percentile])]
      const times = medianOf(b) / medianOf(a)
      const factor = higherIsBetter ? 1 / times : times
      const [low, high] = higherIsBetter ? [b, a] : [a, b]
      return {
        percentile,
        times,
        isWorse: factor > worstFactor[percentile] && probabilityOfHigher(low, high) < significance,
        isBetter: factor < 1 / worstFactor[percentile] && probabilityOfHigher(high, low) < significance,
      }
    })
    const timesOf = (percentile: Percentile): number =>
      judged.find((each) => each.percentile === percentile)?.times ?? Number.NaN
    return [
      {
        scenario,
        unit,
        times: { p50: timesOf('p50'), p95: timesOf('p95'), p99: timesOf('p99') },
        worse: judged.filter(({ isWorse }) => isWorse).map(({ percentile }) => percentile),
        better: judged.filter(({ isBetter }) => isBetter).map(({ percentile }) => percentile),
        tooFew: leastProbability(old.length, recent.length) >= significance,
      },
    ]
  })

export const differenceToText = ({ scenario, times, worse, better, tooFew }: Difference): string => {
  const ratios = percentiles.map((percentile) => `${percentile} ${times[percentile].toFixed(2)}`).join(', ')
  const verdict = tooFew
    ? 'too few runs to tell'
    : worse.length > 0
      ? `WORSE (${worse.join(', ')})`
      : better.length > 0
        ? `better (${better.join(', ')})`
        : 'no difference beyond chance'
  return `${scenario}: ${ratios} of the runs before; ${verdict}`
}

/** Before, now, now, before …: a drift of the machine falls on both alike. */
export const turnsOf = (rounds: number): ('before' | 'now')[] =>
  Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? ['before', 'now'] : ['now', 'before'])).flat() as (
    | 'before'
    | 'now'
  )[]

export interface Checkout {
  readonly folder: string
  remove(): void
}

/** The project as it was at `ref`, installed and built, in a folder of its own. */
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
