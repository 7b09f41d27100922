import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { expect, test } from 'vitest'
import { toTraceView } from './trace-views.ts'

const span = (spanId: string, parentId: string | undefined, startNs: number, isRemote = false): ReadableSpan =>
  ({
    name: spanId,
    startTime: [1_700_000_000, startNs],
    duration: [0, 1_000_000],
    attributes: {},
    status: { code: 0 },
    spanContext: () => ({ traceId: 'trace', spanId, traceFlags: 0 }),
    ...(parentId === undefined
      ? {}
      : { parentSpanContext: { traceId: 'trace', spanId: parentId, traceFlags: 0, isRemote } }),
  }) as unknown as ReadableSpan

test('spans that began in one step of the clock stand after the spans that they are parts of', () => {
  // As they ended.
  const ended = [span('check', 'publish', 0), span('store', 'publish', 900), span('publish', 'command', 0)]
  const view = toTraceView([...ended, span('command', 'page', 0, true)])
  expect(view?.spans.map(({ spanId }) => spanId)).toEqual(['command', 'publish', 'check', 'store'])
  expect(view?.spans[0]).not.toHaveProperty('parentId')
})

test('spans that name each other as parents are listed all the same', () => {
  const view = toTraceView([span('one', 'two', 0), span('two', 'one', 0), span('command', undefined, 0)])
  expect(view?.spans).toHaveLength(3)
  expect(view?.spans[0]?.spanId).toBe('command')
})
