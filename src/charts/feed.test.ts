import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { SamplesOptions, SamplesView } from '../../workers/contract/telemetry-views.ts'
import { createSampleFeed } from './feed.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const view = (times: number[]): SamplesView => ({
  times: Float64Array.from(times),
  columns: { operations: Float64Array.from(times) },
  points: {} as SamplesView['points'],
  events: [],
})

/** A feed over an engine that has these rows. */
const start = (change: { answer?: (since?: number) => Promise<unknown> } = {}) => {
  const engine = { times: [1000, 2000, 3000], isVisible: true, wake: () => {} }
  const load = vi.fn(
    async (since: number | undefined, _options: SamplesOptions): Promise<unknown> =>
      change.answer === undefined ? view(engine.times.filter((time) => time > (since ?? 0))) : change.answer(since),
  )
  const feed = createSampleFeed({
    load,
    isVisible: () => engine.isVisible,
    onVisible(listener) {
      engine.wake = listener
      return () => {}
    },
    heapBytes: () => 7,
  })
  const stop = feed.start()
  onTestFinished(stop)
  return { engine, load, feed, stop, times: () => [...feed.current().times] }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)

test('it asks at once, then once a second for what is new', async () => {
  const { engine, load, times } = start()
  await seconds(0)
  expect(times()).toEqual([1000, 2000, 3000])
  engine.times.push(4000)
  await seconds(1)
  expect(times()).toEqual([1000, 2000, 3000, 4000])
  expect(load.mock.calls).toEqual([
    [undefined, { step: 'second' }],
    [3000, { step: 'second' }],
  ])
})

test('a hidden page asks nothing, and at once when it is visible again', async () => {
  const { engine, load, times } = start()
  await seconds(0)
  engine.isVisible = false
  await seconds(3600)
  expect(load.mock.calls.length).toBeLessThanOrEqual(2)
  const before = load.mock.calls.length
  engine.times.push(3_603_000)
  engine.isVisible = true
  engine.wake()
  await seconds(0)
  expect(load.mock.calls.length).toBe(before + 1)
  expect(times().at(-1)).toBe(3_603_000)
})

test('nothing is asked after the end', async () => {
  const { load, stop } = start()
  await seconds(0)
  stop()
  await seconds(60)
  expect(load).toHaveBeenCalledTimes(1)
})

test('while it is paused the picture stands; afterwards all rows since are there', async () => {
  const { engine, load, feed, times } = start()
  await seconds(0)
  feed.setPaused(true)
  engine.times.push(4000, 5000, 6000)
  await seconds(10)
  expect(load).toHaveBeenCalledTimes(1)
  expect(times()).toEqual([1000, 2000, 3000])
  feed.setPaused(false)
  await seconds(0)
  expect(times()).toEqual([1000, 2000, 3000, 4000, 5000, 6000])
})

test('another step begins anew, also while paused', async () => {
  const { load, feed, times } = start()
  await seconds(0)
  feed.setPaused(true)
  feed.setStep('minute')
  expect(times()).toEqual([])
  await seconds(0)
  expect(load.mock.calls.at(-1)).toEqual([undefined, { step: 'minute' }])
  expect(feed.current().stepMs).toBe(60_000)
  expect(times()).toEqual([1000, 2000, 3000])
  await seconds(120)
  expect(load).toHaveBeenCalledTimes(2)
})

test('an answer for the step before is not mixed in', async () => {
  const answers: ((value: unknown) => void)[] = []
  const { feed, times } = start({ answer: () => new Promise((resolve) => answers.push(resolve)) })
  feed.setStep('minute')
  answers[0]?.(view([1000, 2000]))
  await seconds(0)
  expect(times()).toEqual([])
  answers[1]?.(view([60_000]))
  await seconds(0)
  expect(times()).toEqual([60_000])
})

test('when the clock was set back, all rows are asked for again', async () => {
  const { engine, load, times } = start()
  await seconds(0)
  engine.times = [100, 200]
  await seconds(10)
  expect(times()).toEqual([100, 200])
  // An engine that measures nothing more is not asked for everything again and again.
  load.mockClear()
  engine.times = []
  await seconds(50)
  expect(load.mock.calls.filter(([since]) => since === undefined).length).toBeLessThanOrEqual(2)
})

test('a failure, and an answer that is none, change nothing', async () => {
  let answer: unknown = view([1000])
  const { load, times } = start({ answer: async () => answer })
  await seconds(0)
  answer = { name: 'EngineStopped', reason: { code: 'x' } }
  await seconds(2)
  answer = null
  await seconds(2)
  load.mockRejectedValue(new Error('gone'))
  await seconds(2)
  expect(times()).toEqual([1000])
  expect(load.mock.calls.length).toBeGreaterThan(5)
})

test('the heap of the page stands beside the last rows only', async () => {
  const { feed } = start()
  await seconds(0)
  expect([...(feed.current().columns.get('page_heap_bytes') ?? [])]).toEqual([Number.NaN, 7, 7])
})
