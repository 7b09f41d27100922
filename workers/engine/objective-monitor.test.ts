import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { type Breach, createObjectiveMonitor } from './objective-monitor.ts'
import type { HitCounts } from './objectives.ts'

const minuteMs = 60_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A monitor over a real meter; `wall` is a system clock that a person may set. */
const start = () => {
  let wall = 1_000_000_000_000
  const { meter, reader } = createInMemoryMeter(() => wall)
  const lookups = meter.createHistogram('dht_lookup_duration')
  const breaches: Breach[] = []
  let cache: HitCounts = { hits: 0, misses: 0 }
  const monitor = createObjectiveMonitor({
    figures: reader,
    cache: () => cache,
    monotonic: () => performance.now(),
    onBreach: (breach) => breaches.push(breach),
  })
  return {
    monitor,
    breaches,
    lookUp(ms: number, times = 1) {
      for (let n = 0; n < times; n += 1) lookups.record(ms, { outcome: 'found' })
    },
    read(hits: number, misses: number) {
      cache = { hits: cache.hits + hits, misses: cache.misses + misses }
    },
    setWall(ms: number) {
      wall = ms
    },
    state: (name: string) => monitor.view().find((view) => view.name === name)?.state,
  }
}

test('a breach is reported once, with the objective, its value and the alert value', () => {
  const { lookUp, breaches, state, monitor } = start()
  lookUp(2_000, 30)
  vi.advanceTimersByTime(10 * minuteMs)
  expect(breaches).toEqual([{ name: 'dht_lookup_p95', alert: 800, value: expect.closeTo(2_000, -2) }])
  expect(state('dht_lookup_p95')).toBe('breached')
  monitor.stop()
})

test('a second breach is reported after an hour in which the first has passed', () => {
  const { lookUp, breaches, state, monitor } = start()
  lookUp(2_000, 30)
  vi.advanceTimersByTime(30 * minuteMs)
  lookUp(5, 100)
  vi.advanceTimersByTime(40 * minuteMs)
  expect(state('dht_lookup_p95')).toBe('ok')
  lookUp(2_000, 30)
  vi.advanceTimersByTime(minuteMs)
  expect(breaches).toHaveLength(2)
  monitor.stop()
})

test('a tab where nothing was cached yet raises no alarm', () => {
  const { read, breaches, state, monitor } = start()
  for (let page = 0; page < 30; page += 1) {
    read(1, 2)
    vi.advanceTimersByTime(20_000)
  }
  expect(state('cache_hit_rate')).toBe('no data')
  expect(breaches).toEqual([])
  monitor.stop()
})

test('setting the system clock changes nothing', () => {
  const { lookUp, breaches, state, setWall, monitor } = start()
  lookUp(2_000, 30)
  vi.advanceTimersByTime(minuteMs)
  setWall(0)
  vi.advanceTimersByTime(minuteMs)
  setWall(5_000_000_000_000)
  vi.advanceTimersByTime(minuteMs)
  expect(state('dht_lookup_p95')).toBe('breached')
  expect(breaches).toHaveLength(1)
  monitor.stop()
})

test('nothing is judged or reported after stop', () => {
  const { lookUp, breaches, monitor } = start()
  monitor.stop()
  lookUp(2_000, 30)
  vi.advanceTimersByTime(minuteMs)
  expect(breaches).toEqual([])
})
