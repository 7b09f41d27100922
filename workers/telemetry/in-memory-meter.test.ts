import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createInMemoryMeter } from './in-memory-meter.ts'

const options = { unit: '1', description: '' }
const attributes = fc.record({ outcome: fc.constantFrom('found', 'absent'), peer: fc.integer({ min: 0, max: 3 }) })

test('a counter sums over all series or over those with the given attributes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1_000), attributes)), fc.constantFrom('found', 'absent'), (added, outcome) => {
      const { meter, reader } = createInMemoryMeter()
      // Two rooms that create the same instrument share its data.
      const counters = [meter.createCounter('c', options), meter.createCounter('c', options)]
      for (const [at, [value, about]] of added.entries()) counters[at % 2]?.add(value, about)
      const sum = (values: typeof added) => values.reduce((total, [value]) => total + value, 0)
      expect(reader.sum('c')).toBe(sum(added))
      expect(reader.sum('c', { outcome })).toBe(sum(added.filter(([, about]) => about.outcome === outcome)))
      expect(reader.sum('other')).toBe(0)
    }),
  )
})

test('the order of attributes does not matter', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('c', options)
  for (let n = 0; n < 200; n += 1) counter.add(1, n % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 })
  expect([reader.sum('c'), reader.sum('c', { a: 1, b: 2 })]).toEqual([200, 200])
})

test('a counter with ever new attributes keeps its sum and a bounded number of series', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('c', options)
  for (let n = 0; n < 1_000; n += 1) counter.add(1, { n })
  expect(reader.sum('c')).toBe(1_000)
  expect(reader.sum('c', { n: 1 })).toBe(1)
  expect(reader.sum('c', { n: 999 })).toBe(0)
  expect(reader.sum('c', { 'otel.metric.overflow': true })).toBe(900)
})

test('a counter never decreases', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('c', options)
  for (const value of [5, -3, Number.NaN]) counter.add(value)
  expect(reader.sum('c')).toBe(5)
})

test('a histogram keeps the latest 500 measurements in order and counts all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { maxLength: 1_200, size: 'max' }),
      fc.integer({ min: 1, max: 600 }),
      (values, count) => {
        const { meter, reader } = createInMemoryMeter()
        const histogram = meter.createHistogram('h', options)
        for (const value of values) histogram.record(value)
        expect(reader.count('h')).toBe(values.length)
        expect(reader.latest('h').map(({ value }) => value)).toEqual(values.slice(-500))
        expect(reader.latest('h', count).map(({ value }) => value)).toEqual(values.slice(-Math.min(count, 500)))
      },
    ),
    { numRuns: 30 },
  )
})

test('reading a gauge observes it until it is removed', () => {
  const { meter, reader } = createInMemoryMeter()
  let peers: number | undefined = 3
  const undo = meter.createObservableGauge('g', options, () => peers)
  expect(reader.gauge('g')).toBe(3)
  peers = undefined
  expect(reader.gauge('g')).toBeUndefined()
  peers = 4
  undo()
  expect(reader.gauge('g')).toBeUndefined()
})
