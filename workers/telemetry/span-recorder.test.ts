import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { noSpan } from './no-telemetry.ts'
import { createSpanRecorder, type EndedTrace, type SpanRecorderOptions } from './span-recorder.ts'
import type { Attributes, Span } from './telemetry.ts'
import type { TraceRecord } from './trace-record.ts'

const record = (options: Partial<SpanRecorderOptions> = {}) => {
  const traces: TraceRecord[] = []
  const clock = { wallMs: 1_000_000, monotonicMs: 0 }
  const tracer = createSpanRecorder({
    clocks: { wall: () => clock.wallMs, monotonic: () => clock.monotonicMs },
    random: Math.random,
    exportRatio: () => 0,
    onTrace: (trace) => traces.push(trace),
    ...options,
  })
  const wait = (ms: number): void => {
    clock.wallMs += ms
    clock.monotonicMs += ms
  }
  return { ...tracer, traces, clock, wait }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('a trace is reported once, when its root and all its spans have ended', () => {
  const { startSpan, traces, wait } = record()
  const root = startSpan('install', { attributes: { packages: 2 } })
  wait(5)
  const fetch = startSpan('fetch', { parent: root })
  const source = startSpan('piece_source', { parent: fetch })
  wait(10)
  source.setAttributes({ pieces: 3 })
  source.recordException(new RangeError('too much'))
  source.end()
  fetch.end()
  expect(traces).toEqual([])
  root.end()
  root.end()
  expect(traces).toHaveLength(1)
  const [trace] = traces
  expect(trace?.spans.map(({ name }) => name)).toEqual(['piece_source', 'fetch', 'install'])
  const [child, middle, first] = trace?.spans ?? []
  expect(trace?.root).toBe(first)
  expect(first).toMatchObject({ startedAt: 1_000_000, durationMs: 15, parentId: undefined, failure: undefined })
  expect(middle).toMatchObject({ startedAt: 1_000_005, durationMs: 10, parentId: first?.spanId })
  expect(child).toMatchObject({ parentId: middle?.spanId, attributes: { pieces: 3 }, failure: 'RangeError' })
})

test('calls after the end of a span have no effect', () => {
  const { startSpan, traces } = record()
  const root = startSpan('lookup')
  const child = startSpan('dht_query', { parent: root })
  child.end()
  child.setAttributes({ late: true })
  child.addEvent('late')
  child.recordException(new Error('late'))
  root.end()
  expect(traces[0]?.spans[0]).toMatchObject({ attributes: {}, events: [], failure: undefined })
})

test('a clock that is set during a trace does not move its spans', () => {
  const { startSpan, traces, clock, wait } = record()
  const root = startSpan('sync')
  clock.wallMs -= 86_400_000
  wait(4)
  const child = startSpan('verify_records', { parent: root })
  clock.wallMs += 2 * 86_400_000
  child.addEvent('half')
  wait(4)
  child.end()
  root.end()
  expect(traces[0]?.spans).toMatchObject([
    { startedAt: 1_000_004, durationMs: 4, events: [{ at: 1_000_004 }] },
    { startedAt: 1_000_000, durationMs: 8 },
  ])
})

test('the decision to keep a trace comes first, and only a kept one is made into records', () => {
  const asked: EndedTrace[] = []
  const random = vi.fn(Math.random)
  const { startSpan, traces, wait } = record({
    random,
    keeps(trace) {
      asked.push(trace)
      return trace.hasFailed
    },
  })
  startSpan('command', { attributes: { command: 'search' } }).end()
  expect(random).not.toHaveBeenCalled()
  const root = startSpan('sync')
  const part = startSpan('verify_records', { parent: root })
  wait(3)
  part.recordException(new Error('no'))
  part.end()
  root.end()
  expect(asked).toEqual([
    { name: 'search', durationMs: 0, isExported: false, hasFailed: false, spanCount: 1 },
    { name: 'sync', durationMs: 3, isExported: false, hasFailed: true, spanCount: 2 },
  ])
  expect(traces.map((trace) => trace.root.name)).toEqual(['sync'])
})

describe('background work', () => {
  test('keeps the trace of an ended root open until it has ended', () => {
    const { startSpan, traces } = record()
    const root = startSpan('publish')
    const announce = startSpan('announce', { parent: root })
    root.end()
    expect(traces).toEqual([])
    const part = startSpan('dht_put', { parent: announce })
    announce.end()
    part.end()
    expect(traces[0]?.spans.map(({ name }) => name)).toEqual(['publish', 'announce', 'dht_put'])
    vi.advanceTimersByTime(60_000)
    expect(traces).toHaveLength(1)
  })

  test('that never ends is left out after a while', () => {
    const { startSpan, traces } = record()
    const root = startSpan('publish')
    const announce = startSpan('announce', { parent: root })
    root.end()
    vi.advanceTimersByTime(30_000)
    expect(traces[0]?.spans.map(({ name }) => name)).toEqual(['publish'])
    announce.end()
    expect(traces).toHaveLength(1)
    expect(traces[0]?.spans).toHaveLength(1)
  })

  test('that begins after the trace has finished is not recorded', () => {
    const { startSpan, traces } = record()
    const root = startSpan('publish')
    root.end()
    const late = startSpan('announce', { parent: root })
    expect(late).toBe(noSpan)
    late.end()
    expect(traces[0]?.spans).toHaveLength(1)
  })
})

describe('bounds', () => {
  test('of spans in a trace: further ones are counted', () => {
    const { startSpan, traces } = record()
    const root = startSpan('install')
    const open = Array.from({ length: 300 }, () => startSpan('fetch', { parent: root }))
    for (let n = 0; n < 300; n += 1) startSpan('verify', { parent: root }).end()
    for (const span of open) span.end()
    root.end()
    expect(traces[0]?.spans).toHaveLength(500)
    expect(traces[0]?.dropped).toBe(101)
  })

  test('of open traces: requests that peers do not end cost no trace of a person', () => {
    const { startSpan, traces } = record()
    const install = startSpan('command', { attributes: { command: 'install' } })
    const part = startSpan('fetch', { parent: install })
    for (let n = 0; n < 2_000; n += 1) startSpan('piece_serve')
    part.end()
    install.end()
    expect(traces.map(({ root, spans }) => [root.attributes['command'], spans.length])).toEqual([['install', 2]])
  })

  test('of open traces: the oldest is given up, so that forgotten roots do not end recording', () => {
    const { startSpan, traces } = record()
    const forgotten = startSpan('command')
    for (let n = 0; n < 499; n += 1) startSpan('command')
    const root = startSpan('install')
    startSpan('fetch', { parent: root }).end()
    root.end()
    expect(traces.map((trace) => trace.root.name)).toEqual(['install'])
    expect(startSpan('fetch', { parent: forgotten })).toBe(noSpan)
    forgotten.end()
    expect(traces).toHaveLength(1)
  })

  test('of open traces: one that waits for background work is reported without it', () => {
    const { startSpan, traces } = record()
    const root = startSpan('publish')
    startSpan('announce', { parent: root })
    root.end()
    for (let n = 0; n < 500; n += 1) startSpan('command')
    expect(traces.map((trace) => trace.root.name)).toEqual(['publish'])
    vi.advanceTimersByTime(30_000)
    expect(traces).toHaveLength(1)
  })

  test('of attributes, events and texts, however they are set', () => {
    const { startSpan, traces } = record()
    const long = 'x'.repeat(1_000_000)
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`key ${n}`, n]))
    const root = startSpan('search', { attributes: { first: long, ...many } })
    for (let n = 0; n < 100; n += 1) root.setAttributes({ [`more ${n}`]: n, first: 'changed' })
    for (let n = 0; n < 100; n += 1) root.addEvent(long, { ...many, text: long })
    root.recordException(Object.assign(new Error(long), { name: long }))
    root.end()
    const span = traces[0]?.root
    expect(Object.keys(span?.attributes ?? {})).toHaveLength(32)
    expect(span?.attributes['first']).toBe('changed')
    expect(span?.events).toHaveLength(20)
    expect(Object.keys(span?.events[0]?.attributes ?? {})).toHaveLength(32)
    expect(span?.failure).toHaveLength(200)
    expect(JSON.stringify(span).length).toBeLessThan(20 * (200 + 32 * 30) + 2_000)
  })

  test('of the names of attributes', () => {
    const { startSpan, traces } = record()
    startSpan('search', { attributes: { ['k'.repeat(1_000)]: 'v'.repeat(1_000) } }).end()
    expect(traces[0]?.root.attributes).toEqual({ ['k'.repeat(200)]: 'v'.repeat(200) })
  })
})

test('numbers that are not finite are left out', () => {
  const { startSpan, traces } = record()
  startSpan('sync', { attributes: { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 0 } }).end()
  expect(traces[0]?.root.attributes).toEqual({ c: 0 })
})

test('nothing throws into an operation', () => {
  const { startSpan } = record({
    onTrace() {
      throw new Error('listener')
    },
    exportRatio() {
      throw new Error('ratio')
    },
  })
  const root = startSpan('command')
  const hostile = new Proxy(new Error('x'), {
    get() {
      throw new Error('get')
    },
    getPrototypeOf() {
      throw new Error('prototype')
    },
  })
  for (const thrown of [hostile, undefined, null, 'text', Object.assign(new Error('x'), { name: 7 })])
    root.recordException(thrown)
  expect(() => root.end()).not.toThrow()
})

describe('ids', () => {
  test('are hexadecimal, of their lengths, and never all zero', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 }),
        (values) => {
          let at = 0
          const { startSpan, traces } = record({ random: () => values[at++ % values.length] ?? 0 })
          const root = startSpan('a')
          startSpan('b', { parent: root }).end()
          root.end()
          for (const trace of traces) {
            expect(trace.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
            for (const { spanId } of trace.spans) expect(spanId).toMatch(/^(?!0+$)[0-9a-f]{16}$/)
          }
        },
      ),
    )
  })

  test('come from the page or the remote parent where one is given', () => {
    const { startSpan, traces } = record({ exportRatio: () => 1 })
    const context = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
    startSpan('command', { context }).end()
    startSpan('query_serve', { remoteParent: context }).end()
    expect(traces[0]).toMatchObject({ traceId: context.traceId, root: { spanId: context.spanId, parentId: undefined } })
    expect(traces[1]).toMatchObject({ traceId: context.traceId, root: { parentId: context.spanId } })
    expect(traces[1]?.root.spanId).not.toBe(context.spanId)
  })

  test('of a peer are ignored while nothing is exported', () => {
    const { startSpan, traces } = record()
    startSpan('query_serve', { remoteParent: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) } }).end()
    expect(traces[0]?.traceId).not.toBe('a'.repeat(32))
    expect(traces[0]?.root.parentId).toBeUndefined()
  })

  test('leave this process only in a trace that is exported', () => {
    const hidden = record().startSpan('command')
    expect(hidden.exportedContext()).toBeUndefined()
    expect(noSpan.exportedContext()).toBeUndefined()
    const { startSpan, traces } = record({ exportRatio: () => 1 })
    const root = startSpan('command')
    const child = startSpan('search', { parent: root })
    const context = child.exportedContext()
    child.end()
    root.end()
    expect(traces[0]).toMatchObject({ isExported: true, traceId: context?.traceId })
    expect(traces[0]?.spans[0]?.spanId).toBe(context?.spanId)
  })
})

test('whatever is started, ended and set in any order, each trace is whole and within its bounds', () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), of: fc.nat(), isRoot: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), of: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('set' as const),
        of: fc.nat(),
        attributes: fc.dictionary(
          fc.string(),
          fc.oneof(fc.string(), fc.double(), fc.boolean()),
        ) as fc.Arbitrary<Attributes>,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const { startSpan, traces, wait } = record()
      const spans: Span[] = [startSpan('root')]
      for (const each of actions) {
        if (each.kind === 'wait') {
          wait(each.ms)
          vi.advanceTimersByTime(each.ms)
          continue
        }
        const span = spans[each.of % spans.length] as Span
        if (each.kind === 'start') spans.push(each.isRoot ? startSpan('root') : startSpan('part', { parent: span }))
        else if (each.kind === 'end') span.end()
        else span.setAttributes(each.attributes)
      }
      for (const span of spans) span.end()
      vi.advanceTimersByTime(60_000)
      const ids = traces.flatMap((trace) => trace.spans.map(({ spanId }) => spanId))
      expect(new Set(ids).size).toBe(ids.length)
      expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length)
      for (const { root, spans: recorded } of traces) {
        expect(recorded).toContain(root)
        expect(recorded.filter(({ name }) => name === 'root')).toEqual([root])
        for (const { durationMs, startedAt, attributes } of recorded) {
          expect(durationMs).toBeGreaterThanOrEqual(0)
          expect(startedAt).toBeGreaterThanOrEqual(root.startedAt)
          expect(Object.keys(attributes).length).toBeLessThanOrEqual(32)
        }
      }
    }),
  )
})
