import { beladyHits } from '../../workers/cache/belady-optimum.ts'
import { createPolicy } from '../../workers/cache/policy.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { createStoredCache } from '../../workers/testing/cache-fixtures.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { measureCleanUp } from './clean-up.ts'
import { createLru, createS3Fifo, type EvictionPolicy, hitRateOf } from './eviction-policies.ts'
import { measureInBrowser } from './in-browser.ts'
import { measureHotLookups, measureInTab } from './lookups.ts'
import { driftingTrace, loopTrace, scanTrace, type TraceOptions, zipfTrace } from './traces.ts'
import { keyOf, valueCodec, valueFor } from './values.ts'
import { createWTinyLfu } from './w-tiny-lfu.ts'

const calls = 20_000
const callers = 100
const rounds = 200
const coldEntries = 2_000
const hotHitsFromPage = 2_000

const capacity = 1_000
const warmUp = 50_000
const seeds = [1, 2, 3]

/** Speed and hit rate of the cache tiers, compared with LRU, S3-FIFO, W-TinyLFU and Belady's optimum. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withAims(measure(log), log)
}

const measure = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* measureMemory(log)
  yield* measureCleanUp()
  const lookups = await measureHotLookups()
  yield { scenario: 'hot lookup, in the engine', unit: 'ms', samples: lookups, target: 0.2, targetAt: 'p99' }
  log(`cold and from the page: a worker of a real Chromium over IndexedDB, ${coldEntries} entries`)
  for await (const browser of measureInBrowser(coldEntries, hotHitsFromPage)) {
    yield { scenario: 'cold hit, IndexedDB', unit: 'ms', samples: browser.cold, target: 10, targetAt: 'p99' }
    yield { scenario: 'first cold hit, with reading the index', unit: 'ms', samples: [browser.firstCold] }
    yield { scenario: 'hot hit, from the page', unit: 'ms', samples: browser.hotFromPage, target: 1, targetAt: 'p99' }
    yield { scenario: 'write, until the call returns, Chromium', unit: 'ms', samples: browser.puts }
    yield { scenario: `write of ${coldEntries}, until all are stored`, unit: 'ms', samples: [browser.flushed] }
  }
  yield* measureInTab(log)
  yield* measureHitRates(log)
}

/** Goals beyond the targets. */
const aims: Record<string, number> = {
  'hot hit, in the engine': 0.02,
  'hot lookup, in the engine': 0.02,
  'hot hit, from the page': 0.3,
  'hot lookup, real tab, from the page': 0.3,
  'cold hit, IndexedDB': 3,
  'cold lookup, real tab, from the page': 3,
  'share of the optimum, Zipf 1.0': 0.91,
  'share of the optimum, drift (1 rank in 200)': 0.9,
}

/** Logs whether each figure reaches its goal. */
const withAims = async function* (
  figures: AsyncGenerator<Figure>,
  log: (line: string) => void,
): AsyncGenerator<Figure> {
  for await (const figure of figures) {
    yield figure
    const aim = aims[figure.scenario]
    if (aim === undefined) continue
    const higherIsBetter = figure.higherIsBetter ?? false
    const reached = percentile(figure.samples, { p50: 0.5, p95: 0.95, p99: 0.99 }[figure.targetAt ?? 'p50'])
    const good = higherIsBetter ? reached >= aim : reached <= aim
    log(`aim ${aim} ${figure.unit}: ${good ? 'reached' : 'not reached'} with ${reached.toPrecision(3)}`)
  }
}

/** Measures in this process over a store in memory, so misses do not include the disk. */
const measureMemory = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  let clock = 0
  let loads = 0
  const cache = createStoredCache<object>({
    store: createMemoryStore(),
    codec: valueCodec,
    now: () => clock,
    async load(key) {
      loads += 1
      return key.endsWith('none') ? undefined : valueFor(1)
    },
  })
  const time = async (count: number, prepare: (n: number) => void, key: (n: number) => string, from: string) => {
    const samples: number[] = []
    for (let n = 0; n < count; n += 1) {
      prepare(n)
      const before = performance.now()
      const answer = await cache.get(key(n))
      samples.push(performance.now() - before)
      if (answer.from !== from && n > 100) throw new Error(`${key(n)} was ${answer.from}, not ${from}`)
    }
    return samples
  }
  for (let n = 0; n < 100; n += 1) cache.put(keyOf(n), valueFor(n))
  await time(
    calls,
    () => {},
    (n) => keyOf(n % 100),
    'hot',
  )
  const hot = await time(
    calls,
    () => {},
    (n) => keyOf(n % 100),
    'hot',
  )
  yield { scenario: 'hot hit, in the engine', unit: 'ms', samples: hot, target: 0.2, targetAt: 'p99' }

  // Entries leave the hot tier after an hour. The clock advances by an hour each round, so every lookup hits the warm tier.
  clock += 3_600_001
  const warm: number[] = []
  for (let round = 0; round < 20; round += 1) {
    warm.push(
      ...(await time(
        100,
        () => {},
        (n) => keyOf(n),
        'warm',
      )),
    )
    clock += 3_600_001
  }
  yield { scenario: 'warm hit, in the engine', unit: 'ms', samples: warm }

  const misses = await time(
    calls / 4,
    () => {},
    (n) => `${n}-none`,
    'none',
  )
  yield { scenario: 'miss, without the lookup itself', unit: 'ms', samples: misses }

  const puts: number[] = []
  for (let n = 0; n < calls / 4; n += 1) {
    const value = valueFor(n)
    const before = performance.now()
    cache.put(keyOf(n), value)
    puts.push(performance.now() - before)
    if (n % 100 === 0) await cache.flush()
  }
  yield { scenario: 'write, until the call returns', unit: 'ms', samples: puts }

  loads = 0
  const together: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = performance.now()
    await Promise.all(Array.from({ length: callers }, () => cache.get(`together-${round}`)))
    together.push(performance.now() - before)
  }
  log(`${callers} callers of one missing id at once, ${rounds} times: ${loads} lookups`)
  if (loads !== rounds) throw new Error(`${rounds} lookups were expected`)
  yield { scenario: `${callers} callers of one missing id, all answered`, unit: 'ms', samples: together }
  await cache.stop()
}

const measureHitRates = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  log(`hit rates: 10,000 keys, ${capacity} entries, 200,000 requests after ${warmUp} to warm up, ${seeds.length} seeds`)
  const options = (seed: number, exponent: number): TraceOptions => ({
    keys: 10_000,
    requests: 250_000,
    seed,
    exponent,
  })
  const loadsByName: Record<string, (seed: number) => string[]> = {
    'Zipf 0.9': (seed) => zipfTrace(options(seed, 0.9)),
    'Zipf 1.0': (seed) => zipfTrace(options(seed, 1)),
    'Zipf 1.1': (seed) => zipfTrace(options(seed, 1.1)),
    'drift (1 rank in 200)': (seed) => driftingTrace(options(seed, 1), 200),
    'fast drift (1 in 50)': (seed) => driftingTrace(options(seed, 1), 50),
    'scans of 2,000': (seed) => scanTrace(options(seed, 1), 10_000, 2_000),
    'loop over 1,500': () => loopTrace(1_500, 250_000),
  }
  for (const [name, traceOf] of Object.entries(loadsByName)) {
    const ours: number[] = []
    const best: number[] = []
    const rates = { LRU: [] as number[], 'S3-FIFO': [] as number[], 'W-TinyLFU': [] as number[] }
    for (const seed of seeds) {
      const trace = traceOf(seed)
      const rate = (policy: EvictionPolicy): number => hitRateOf(policy, trace, warmUp)
      ours.push(rate(createPolicy(capacity)))
      rates.LRU.push(rate(createLru(capacity)))
      rates['S3-FIFO'].push(rate(createS3Fifo(capacity)))
      rates['W-TinyLFU'].push(rate(createWTinyLfu(capacity)))
      best.push(bestRate(trace))
    }
    for (const [policy, values] of Object.entries(rates)) log(`${name}: ${policy} ${mean(values).toFixed(4)}`)
    log(`${name}: ours ${mean(ours).toFixed(4)}, optimum ${mean(best).toFixed(4)}`)
    yield {
      scenario: `hit rate, ${name}`,
      unit: 'x',
      samples: ours,
      higherIsBetter: true,
      exact: true,
      against: { name: 'plain LRU', unit: 'x', ...percentiles(rates.LRU) },
    }
    yield {
      scenario: `share of the optimum, ${name}`,
      unit: 'x',
      higherIsBetter: true,
      exact: true,
      samples: ours.map((rate, n) => rate / (best[n] ?? Number.NaN)),
      ...(targets[name] === undefined ? {} : { target: targets[name] }),
      against: { name: 'the optimum', unit: 'x', ...percentiles(best) },
    }
  }
}

/** At least 88 % of the optimum. */
const targets: Record<string, number> = { 'Zipf 1.0': 0.88, 'drift (1 rank in 200)': 0.88 }

const bestRate = (trace: readonly string[]): number =>
  beladyHits(trace, capacity)
    .subarray(warmUp)
    .reduce((sum, hit) => sum + hit, 0) /
  (trace.length - warmUp)

const mean = (samples: readonly number[]): number => samples.reduce((sum, each) => sum + each, 0) / samples.length

const percentiles = (samples: readonly number[]): { p50: number; p95: number; p99: number } => ({
  p50: percentile(samples, 0.5),
  p95: percentile(samples, 0.95),
  p99: percentile(samples, 0.99),
})
