import { expect, test } from 'vitest'
import { createSpanRecorder } from './span-recorder.ts'
import { traceField } from './trace-context.ts'
import type { TraceRecord } from './trace-record.ts'

const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

const compose = (ratio: number, random: () => number = Math.random) => {
  const traces: TraceRecord[] = []
  const { startSpan } = createSpanRecorder({
    clocks: { wall: () => 0, monotonic: () => 0 },
    random,
    exportRatio: () => ratio,
    onTrace: (trace) => traces.push(trace),
  })
  return { startSpan, traces }
}

test('a first span continues the span of a peer, from its start or once the request is read', () => {
  const { startSpan, traces } = compose(0.01, () => 0.5)
  startSpan('answer', { remoteParent: remote }).end()
  const span = startSpan('answer')
  startSpan('part', { parent: span }).end()
  span.setRemoteParent(remote)
  span.end()
  for (const trace of traces)
    expect(trace).toMatchObject({ traceId: remote.traceId, isExported: true, root: { parentId: remote.spanId } })
  expect(traces).toHaveLength(2)
})

test('nothing is taken from a peer while nothing is exported here', () => {
  const { startSpan, traces } = compose(0)
  startSpan('answer', { remoteParent: remote }).end()
  const span = startSpan('answer')
  span.setRemoteParent(remote)
  span.end()
  for (const { traceId, isExported, root } of traces) {
    expect(traceId).not.toBe(remote.traceId)
    expect([isExported, root.parentId]).toEqual([false, undefined])
  }
  expect(traces).toHaveLength(2)
})

test('only a first span continues one, and only before its ids are known', () => {
  const { startSpan, traces } = compose(1)
  const parent = startSpan('command')
  const child = startSpan('part', { parent })
  child.setRemoteParent(remote)
  child.end()
  const context = parent.exportedContext()
  parent.setRemoteParent(remote)
  parent.end()
  const late = startSpan('late')
  late.end()
  late.setRemoteParent(remote)
  expect(traces[0]).toMatchObject({ traceId: context?.traceId, root: { parentId: undefined } })
  for (const { traceId } of traces) expect(traceId).not.toBe(remote.traceId)
})

test('a request names its span only when its trace is exported', () => {
  const { traceId, spanId } = remote
  const text = `00-${traceId}-${spanId}-01`
  expect(traceField(compose(1).startSpan('search', { context: remote }))).toEqual({ trace: text })
  expect(traceField(compose(0).startSpan('search', { context: remote }))).toEqual({})
  expect(traceField(compose(0.5, () => 0.7).startSpan('search', { context: remote }))).toEqual({})
})
