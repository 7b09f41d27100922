import { startOtlpReceiver } from '../../workers/testing/otlp-receiver.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { type Estimate, estimate } from '../lib/bootstrap.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { medianOf } from '../lib/rank-test.ts'
import { measureAllocations } from './allocations.ts'
import { startProcess, type WorkloadProcess } from './start-process.ts'
import { type Variant, variants } from './variants.ts'
import { operationsByPath, type Path, paths } from './workload.ts'

/**
 * What telemetry costs. Each variant runs the same operations in a process of its own, so that its garbage and the
 * compiled code are its own; blocks of operations alternate between the processes in a random order, so that all
 * meet the same machine. Processes differ by chance, in memory layout and compilation: the run repeats with new ones,
 * and the confidence interval takes the difference into account (bootstrap.ts).
 *
 * `TELEMETRY_PROCESSES=2 TELEMETRY_ROUNDS=3` measures less; `TELEMETRY_PATHS=search,publish` chooses paths.
 */
const processes = Number(process.env['TELEMETRY_PROCESSES'] ?? 6)
const rounds = Number(process.env['TELEMETRY_ROUNDS'] ?? 12)
const chosen = process.env['TELEMETRY_PATHS']?.split(',')

/** Blocks that are not counted, while code is compiled. */
const warmUps = 3

/** Overhead that each path may have, and all of them on average (%). */
const targets = { path: 10, average: 5 }

/** One round of one path: the durations by variant (ms). */
type Round = Readonly<Record<Variant, readonly number[]>>

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
    log(`processes ${set} of ${processes}: ${variants.join(', ')}`)
    const started = await startAll(collector, random)
    try {
      for (const path of measured) groupsByPath.get(path)?.push(await measure(started, path, random))
    } finally {
      for (const { stop } of started.values()) stop()
    }
  }
  yield* figuresOf(groupsByPath, random)
}

/** Starts one process per variant, one after the other, in random order. */
const startAll = async (collector: string, random: () => number): Promise<ReadonlyMap<Variant, WorkloadProcess>> => {
  const started = new Map<Variant, WorkloadProcess>()
  for (const variant of shuffled(variants, random)) started.set(variant, await startProcess(variant, { collector }))
  return started
}

const measure = async (
  started: ReadonlyMap<Variant, WorkloadProcess>,
  path: Path,
  random: () => number,
): Promise<Round[]> => {
  const measuredRounds: Round[] = []
  for (let round = -warmUps; round < rounds; round += 1) {
    const samples: Partial<Record<Variant, readonly number[]>> = {}
    for (const variant of shuffled(variants, random))
      samples[variant] =
        (await started.get(variant)?.run({ path, count: operationsByPath[path], measured: 'durations' })) ?? []
    if (round >= 0) measuredRounds.push(samples as Round)
  }
  return measuredRounds
}

function* figuresOf(groupsByPath: ReadonlyMap<Path, readonly Round[][]>, random: () => number): Generator<Figure> {
  const others = variants.filter((variant) => variant !== 'off')
  const average = new Map<Variant, Estimate[]>(others.map((variant) => [variant, []]))
  for (const [path, groups] of groupsByPath) {
    const samplesOf = (variant: Variant): number[] => groups.flat().flatMap((round) => round[variant])
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
      if (variant !== 'off again')
        yield { scenario: `${path}, telemetry ${variant}`, unit: 'ms', samples: samplesOf(variant), against }
      for (const [name, statistic] of Object.entries(statistics)) {
        const overhead = estimate(groups, (some) => statistic(some, variant), random)
        if (name === 'mean') average.get(variant)?.push(overhead)
        yield { scenario: `${path}, ${variant}: overhead of the ${name}`, unit: '%', ...toFigure(overhead), ...target }
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
  p50: (some, variant) => 100 * (medianOf(some.map((round) => medianOf(round[variant]) / medianOf(round.off))) - 1),
  mean: (some, variant) =>
    100 * (sum(some.map((round) => meanOf(round[variant]))) / sum(some.map((round) => meanOf(round.off))) - 1),
}

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
