import { type HrTime, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toTraceView } from './trace-views.ts'

interface Given {
  id: string
  parent?: string
  isRemote?: boolean
  startMs?: number
}

const traceId = 'a'.repeat(32)

/** What `toTraceView` reads of a span of the SDK. */
const spanOf = ({ id, parent, isRemote = false, startMs = 0 }: Given): ReadableSpan =>
  ({
    name: id,
    attributes: {},
    status: { code: SpanStatusCode.UNSET },
    startTime: [1_700_000_000, startMs * 1e6] satisfies HrTime,
    duration: [0, 1e6] satisfies HrTime,
    spanContext: () => ({ traceId, spanId: id, traceFlags: 1 }),
    ...(parent === undefined ? {} : { parentSpanContext: { traceId, spanId: parent, traceFlags: 1, isRemote } }),
  }) as unknown as ReadableSpan

const namesOf = (...given: Given[]): string[] | undefined =>
  toTraceView(given.map(spanOf))?.spans.map(({ name }) => name)

test('the first span leads, even when its steps ended before it and started at the same time', () => {
  expect(namesOf({ id: 'search', parent: 'command' }, { id: 'command' })).toEqual(['command', 'search'])
})

test('the first span leads, even when a step began earlier by the clock', () => {
  expect(namesOf({ id: 'fetch', parent: 'install' }, { id: 'install', startMs: 2 })).toEqual(['install', 'fetch'])
})

test('a span whose parent is at another peer is the first', () => {
  const view = toTraceView([
    spanOf({ id: 'step', parent: 'serve' }),
    spanOf({ id: 'serve', parent: 'elsewhere', isRemote: true }),
  ])
  expect(view?.spans.map(({ name, parentId }) => [name, parentId])).toEqual([
    ['serve', undefined],
    ['step', 'serve'],
  ])
})

test('without a first span there is no trace', () => {
  expect(toTraceView([spanOf({ id: 'step', parent: 'unknown' })])).toBeUndefined()
})

test('in any order of ending: sorted by start, and of equal starts parents before children', () => {
  const chain: Given[] = [
    { id: 'root' },
    { id: 'a', parent: 'root' },
    { id: 'b', parent: 'a' },
    { id: 'c', parent: 'b' },
    { id: 'late', parent: 'root', startMs: 5 },
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(chain, { minLength: chain.length }), (ended) => {
      expect(namesOf(...ended)).toEqual(['root', 'a', 'b', 'c', 'late'])
    }),
  )
})

test('spans that name each other as parent end no endless loop', () => {
  expect(namesOf({ id: 'root' }, { id: 'x', parent: 'y' }, { id: 'y', parent: 'x' })).toHaveLength(3)
})
