import { startOtlpReceiver } from '../../workers/testing/otlp-receiver.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { type Estimate, estimate } from '../lib/bootstrap.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { medianOf } from '../lib/rank-test.ts'
import { measureAllocations } from './allocations.ts'
import { startProcess, type WorkloadProcess } from './start-process.ts'
import { type Variant, variants } from './variants.ts'
import { operationsByPath, type Path, paths } from './workload.ts'
import type { BlockResult } from './workload-process.ts'

/**
 * What telemetry costs. One process runs the operations with telemetry off and on: blocks of them alternate in a random
 * order, so that all meet the same machine, compiled code and memory. What telemetry postpones (the conversion of kept
 * traces, their export) is done after each block and measured apart. The run repeats with new processes, which differ by
 * chance, and the confidence interval takes that into account (bootstrap.ts).
 *
 * The mean is judged by processor time, which counts the collection of garbage and does not count other processes of the
 * machine: nothing here waits but for this process. The mean of the durations is printed beside it.
 *
 * `TELEMETRY_PROCESSES=2 TELEMETRY_ROUNDS=10` measures less; `TELEMETRY_PATHS=search,publish` chooses paths.
 */
const processes = Number(process.env['TELEMETRY_PROCESSES'] ?? 3)
const rounds = Number(process.env['TELEMETRY_ROUNDS'] ?? 30)
const chosen = process.env['TELEMETRY_PATHS']?.split(',')

/** Blocks that are not counted, while code is compiled. */
const warmUps = 5

/** Overhead that each path may have, and all of them on average (%). */
const targets = { path: 10, average: 5 }

/** One round of one path: a block by variant, with its figures, which the bootstrap reads thousands of times. */
type Round = Readonly<Record<Variant, MeasuredBlock>>
type MeasuredBlock = BlockResult & { readonly p50: number; readonly mean: number }

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  // A collector in this process, whose work is not measured: it takes everything and keeps nothing.
  const collector = await startOtlpReceiver({
    answer(request, response) {
      request.resume()
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}')
      return true
    },
  })
  try {
    yield* measureAllocations(collector.origin, log)
    yield* measurePaths(collector.origin, log)
    if (collector.requests() === 0) throw new Error('Nothing was exported.')
    log(`${collector.requests()} requests reached the collector`)
  } finally {
    await collector.stop()
  }
}

const measurePaths = async function* (collector: string, log: (line: string) => void): AsyncGenerator<Figure> {
  const random = createSeededRandom(11)
  const measured = paths.filter((path) => chosen?.includes(path) ?? true)
  /** By path: the rounds of each set of processes. */
  const groupsByPath = new Map<Path, Round[][]>(measured.map((path) => [path, []]))
  for (let set = 1; set <= processes; set += 1) {
    log(`process ${set} of ${processes}`)
    const started = await startProcess(collector)
    try {
      for (const path of measured) groupsByPath.get(path)?.push(await measure(started, path, random))
    } finally {
      started.stop()
    }
  }
  yield* figuresOf(groupsByPath, random)
}

const measure = async ({ run }: WorkloadProcess, path: Path, random: () => number): Promise<Round[]> => {
  const count = operationsByPath[path]
  const measuredRounds: Round[] = []
  for (let round = 0; round < warmUps + rounds; round += 1) {
    const blocks: Partial<Record<Variant, MeasuredBlock>> = {}
    for (const variant of shuffled(variants, random)) {
      const result = await run({ variant, path, first: round * count, count })
      blocks[variant] = { ...result, p50: medianOf(result.durations), mean: meanOf(result.durations) }
    }
    if (round >= warmUps) measuredRounds.push(blocks as Round)
  }
  return measuredRounds
}

function* figuresOf(groupsByPath: ReadonlyMap<Path, readonly Round[][]>, random: () => number): Generator<Figure> {
  const others = variants.filter((variant) => variant !== 'off')
  const average = new Map<Variant, Estimate[]>(others.map((variant) => [variant, []]))
  for (const [path, groups] of groupsByPath) {
    const samplesOf = (variant: Variant): number[] => groups.flat().flatMap((round) => round[variant].durations)
    const off = samplesOf('off')
    const against = {
      name: 'telemetry off',
      unit: 'ms',
      p50: percentile(off, 0.5),
      p95: percentile(off, 0.95),
      p99: percentile(off, 0.99),
    }
    for (const variant of others) {
      const target = variant === 'off again' ? {} : { target: targets.path }
      if (variant !== 'off again') {
        yield { scenario: `${path}, telemetry ${variant}`, unit: 'ms', samples: samplesOf(variant), against }
        const postponed = groups.flat().map((round) => round[variant].settledMs / operationsByPath[path])
        yield { scenario: `${path}, ${variant}: postponed work of each operation`, unit: 'ms', samples: postponed }
      }
      for (const [name, statistic] of Object.entries(statistics)) {
        const overhead = estimate(groups, (some) => statistic(some, variant), random)
        if (name === judgedOnAverage) average.get(variant)?.push(overhead)
        const judged = name === 'mean duration' ? {} : target
        yield { scenario: `${path}, ${variant}: overhead of the ${name}`, unit: '%', ...toFigure(overhead), ...judged }
      }
    }
  }
  for (const [variant, estimates] of average) {
    const target = variant === 'off again' ? {} : { target: targets.average }
    yield {
      scenario: `all paths, ${variant}: average overhead`,
      unit: '%',
      ...toFigure(averageOf(estimates)),
      ...target,
    }
  }
}

/** Overhead over `off` (%) of some rounds. */
const statistics: Readonly<Record<string, (some: readonly Round[], variant: Variant) => number>> = {
  // Of each round, because the speed of the machine changes between rounds.
  p50: (some, variant) => 100 * (medianOf(some.map((round) => round[variant].p50 / round.off.p50)) - 1),
  'mean processor time': (some, variant) => ratioOfSums(some, variant, ({ processorMs }) => processorMs),
  'mean duration': (some, variant) => ratioOfSums(some, variant, ({ mean }) => mean),
}

const judgedOnAverage = 'mean processor time'

const ratioOfSums = (some: readonly Round[], variant: Variant, of: (block: MeasuredBlock) => number): number =>
  100 * (sum(some.map((round) => of(round[variant]))) / sum(some.map((round) => of(round.off))) - 1)

/** The paths are measured independently, so the squares of the widths of their intervals add. */
const averageOf = (estimates: readonly Estimate[]): Estimate => {
  const value = meanOf(estimates.map((each) => each.value))
  const spread = (widthOf: (each: Estimate) => number): number =>
    Math.sqrt(sum(estimates.map((each) => widthOf(each) ** 2))) / estimates.length
  return {
    value,
    low: value - spread(({ value, low }) => value - low),
    high: value + spread(({ value, high }) => high - value),
  }
}

const toFigure = ({ value, low, high }: Estimate): Pick<Figure, 'samples' | 'interval'> => ({
  samples: [value],
  interval: { low, high },
})

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0)
const meanOf = (values: readonly number[]): number => sum(values) / values.length

const shuffled = <T>(values: readonly T[], random: () => number): T[] =>
  values
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value)
