import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createTokenBucket } from '../stack/token-bucket.ts'
import type { SpanConverter, SpanOfTrace } from './otel/span-converter.ts'
import { createTracePipeline } from './trace-pipeline.ts'
import type { TraceRecord } from './trace-record.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const traceOf = (id: number, spanCount = 1): TraceRecord => {
  const root = {
    name: `name ${id}`,
    spanId: '1',
    parentId: undefined,
    startedAt: 0,
    durationMs: 1,
    attributes: {},
    events: [],
    failure: undefined,
  }
  return {
    traceId: String(id),
    root,
    spans: Array.from({ length: spanCount }, () => root),
    dropped: 0,
    isExported: false,
  }
}

/** A converter that only names the trace, and fails for one. */
const converter = {
  convert({ traceId }: TraceRecord) {
    if (traceId === 'broken') throw new Error('no')
    return [{ name: traceId } as SpanOfTrace]
  },
} as unknown as SpanConverter

const compose = (load: () => Promise<SpanConverter> = async () => converter) => {
  const seen: string[] = []
  const loads = vi.fn(load)
  const pipeline = createTracePipeline({
    load: loads,
    onTrace: (spans) => void seen.push(...spans.map(({ name }) => name)),
    limitRate: (rate) => createTokenBucket(rate, Date.now).tryTake,
  })
  /** As the recorder does it. */
  const end = (trace: TraceRecord): void => {
    const { root, spans, isExported } = trace
    const { name, durationMs } = root
    const ended = { name, durationMs, isExported, hasFailed: false, spanCount: spans.length }
    if (pipeline.keeps(ended)) pipeline.add(trace)
  }
  return { pipeline, seen, loads, end }
}

test('traces wait for the SDK, which loads later, and then follow in batches', async () => {
  const { pipeline, seen, loads } = compose()
  pipeline.add(traceOf(1))
  await vi.advanceTimersByTimeAsync(1_999)
  expect(loads).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(seen).toEqual(['1'])
  pipeline.add(traceOf(2))
  expect(seen).toEqual(['1'])
  await vi.advanceTimersByTimeAsync(250)
  expect(seen).toEqual(['1', '2'])
})

test('a flush loads the SDK at once and converts everything', async () => {
  const { pipeline, seen, end } = compose()
  for (let id = 0; id < 150; id += 1) end(traceOf(id, 100))
  const flushed = pipeline.flush()
  await vi.advanceTimersByTimeAsync(100)
  await flushed
  expect(new Set(seen).size).toBe(150)
  expect(seen).toHaveLength(150)
})

test('an SDK that cannot be loaded is tried again later, less and less often, and nothing is reported', async () => {
  let isReachable = false
  const { pipeline, seen, loads } = compose(async () => {
    if (!isReachable) throw new TypeError('Failed to fetch dynamically imported module')
    return converter
  })
  pipeline.add(traceOf(1))
  await vi.advanceTimersByTimeAsync(2_000)
  await pipeline.flush()
  expect(seen).toEqual([])
  await vi.advanceTimersByTimeAsync(30_000 + 60_000 + 120_000)
  const tries = loads.mock.calls.length
  expect(tries).toBeLessThan(6)
  isReachable = true
  await vi.advanceTimersByTimeAsync(600_000)
  expect(seen).toEqual(['1'])
})

test('what waits is bounded, in traces and in spans, and what was not kept is counted', async () => {
  const { pipeline, seen, end } = compose()
  for (let id = 0; id < 2_000; id += 1) end(traceOf(id))
  await pipeline.flush()
  const { rate, queue } = pipeline.notKept()
  expect(seen.length + rate + queue).toBe(2_000)
  expect(seen.length).toBeLessThanOrEqual(500)
  const large = compose()
  for (let id = 0; id < 100; id += 1) large.end(traceOf(id, 500))
  expect(large.pipeline.notKept().queue).toBe(60)
})

test('a trace that cannot be converted does not hold up the others', async () => {
  const { pipeline, seen } = compose()
  pipeline.add({ ...traceOf(1), traceId: 'broken' })
  pipeline.add(traceOf(2))
  await pipeline.flush()
  expect(seen).toEqual(['2'])
})

test('nothing runs after the end', async () => {
  const { pipeline, seen, loads } = compose()
  pipeline.add(traceOf(1))
  pipeline.stop()
  pipeline.add(traceOf(2))
  await vi.advanceTimersByTimeAsync(3_600_000)
  await pipeline.flush()
  expect([seen, loads.mock.calls.length]).toEqual([[], 0])
  expect(vi.getTimerCount()).toBe(0)
})
