import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createInMemoryMeter } from './in-memory-meter.ts'

const attributes = fc.record({ outcome: fc.constantFrom('found', 'absent'), peer: fc.integer({ min: 0, max: 3 }) })

test('a counter sums over all series or over those with the given attributes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1_000), attributes)), fc.constantFrom('found', 'absent'), (added, outcome) => {
      const { meter, reader } = createInMemoryMeter()
      // Two rooms that create the same instrument share its data.
      const counters = [meter.createCounter('events_total'), meter.createCounter('events_total')]
      for (const [at, [value, about]] of added.entries()) counters[at % 2]?.add(value, about)
      const sum = (values: typeof added) => values.reduce((total, [value]) => total + value, 0)
      expect(reader.sum('events_total')).toBe(sum(added))
      expect(reader.sum('events_total', { outcome })).toBe(sum(added.filter(([, about]) => about.outcome === outcome)))
      expect(reader.sum('packages_published')).toBe(0)
    }),
  )
})

test('the order of attributes does not matter', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('events_total')
  for (let n = 0; n < 200; n += 1) counter.add(1, n % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 })
  expect([reader.sum('events_total'), reader.sum('events_total', { a: 1, b: 2 })]).toEqual([200, 200])
})

test('a counter with ever new attributes keeps its sum and a bounded number of series', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('events_total')
  for (let n = 0; n < 1_000; n += 1) counter.add(1, { n })
  expect(reader.sum('events_total')).toBe(1_000)
  expect(reader.sum('events_total', { n: 1 })).toBe(1)
  expect(reader.sum('events_total', { n: 999 })).toBe(0)
  expect(reader.sum('events_total', { 'otel.metric.overflow': true })).toBe(801)
})

test('a counter never decreases', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('events_total')
  for (const value of [5, -3, Number.NaN]) counter.add(value)
  expect(reader.sum('events_total')).toBe(5)
})

test('a histogram keeps the latest 2,000 measurements in order and counts all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { maxLength: 4_500, size: 'max' }),
      fc.integer({ min: 1, max: 2_500 }),
      (values, count) => {
        const { meter, reader } = createInMemoryMeter()
        const histogram = meter.createHistogram('dht_lookup_hops')
        for (const value of values) histogram.record(value)
        expect(reader.count('dht_lookup_hops')).toBe(values.length)
        expect(reader.latest('dht_lookup_hops').map(({ value }) => value)).toEqual(values.slice(-2_000))
        expect(reader.latest('dht_lookup_hops', count).map(({ value }) => value)).toEqual(
          values.slice(-Math.min(count, 2_000)),
        )
      },
    ),
    { numRuns: 30 },
  )
})

test('reading a gauge observes it until it is removed', () => {
  const { meter, reader } = createInMemoryMeter()
  let peers: number | undefined = 3
  const undo = meter.createObservableGauge('active_peers', () => peers)
  expect(reader.gauge('active_peers')).toBe(3)
  peers = undefined
  expect(reader.gauge('active_peers')).toBeUndefined()
  peers = 4
  undo()
  expect(reader.gauge('active_peers')).toBeUndefined()
})

test('when the clock was set back, only measurements since are recent', () => {
  const clock = { ms: 3_600_000 }
  const { meter, reader } = createInMemoryMeter(() => clock.ms)
  const histogram = meter.createHistogram('dht_lookup_duration')
  const recent = (since: number): number[] => reader.pointsSince('dht_lookup_duration', since).map(({ value }) => value)
  histogram.record(1)
  clock.ms += 1_000
  histogram.record(2)
  expect(recent(3_600_000)).toEqual([2])
  clock.ms = 60_000
  expect(recent(0)).toEqual([])
  histogram.record(3)
  clock.ms += 1_000
  histogram.record(4)
  expect(recent(0)).toEqual([3, 4])
  expect(recent(60_000)).toEqual([4])
  // A jump ahead makes all of them old.
  clock.ms += 86_400_000
  expect(recent(clock.ms - 60_000)).toEqual([])
  expect(reader.count('dht_lookup_duration')).toBe(4)
})
