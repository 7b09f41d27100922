import { context, propagation, trace as traceApi } from '@opentelemetry/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import packageFile from '../../../package.json' with { type: 'json' }
import { createSpanRecorder } from '../span-recorder.ts'
import type { TraceRecord } from '../trace-record.ts'
import { serviceVersion } from './resource.ts'
import { createSpanConverter } from './span-converter.ts'

const toMs = ([seconds, nanoseconds]: [number, number]): number => seconds * 1e3 + nanoseconds / 1e6

const compose = (ratio = 0) => {
  const clock = { wall: 1_700_000_000_000.25, monotonic: 1_000 }
  const records: TraceRecord[] = []
  const { startSpan } = createSpanRecorder({
    clocks: { wall: () => clock.wall, monotonic: () => clock.monotonic },
    random: Math.random,
    exportRatio: () => ratio,
    onTrace: (record) => records.push(record),
  })
  const pass = (ms: number): void => {
    clock.wall += ms
    clock.monotonic += ms
  }
  return { clock, startSpan, records, pass, converter: createSpanConverter('instance') }
}

test('a span of the SDK has the ids, times, attributes and outcome that were recorded', () => {
  const { startSpan, records, pass, converter } = compose()
  const parent = startSpan('command', { attributes: { command: 'install' } })
  pass(5)
  const child = startSpan('fetch', { parent })
  child.setAttributes({ bytes: 7, relayed: true })
  pass(2.5)
  child.addEvent('source lost', { peer: 'x' })
  child.recordException(new RangeError('no'))
  child.end()
  pass(1)
  parent.end()
  const [record] = records
  if (record === undefined) throw new Error('no trace')
  const spans = converter.convert(record)
  expect(spans.map(({ name }) => name)).toEqual(['fetch', 'command'])
  const [fetched, command] = spans
  expect(command?.spanContext()).toMatchObject({ traceId: record.traceId, spanId: record.root.spanId, traceFlags: 0 })
  expect(command?.parentSpanContext).toBeUndefined()
  expect(fetched?.parentSpanContext).toMatchObject({ traceId: record.traceId, spanId: record.root.spanId })
  expect(toMs(command?.startTime ?? [0, 0])).toBeCloseTo(1_700_000_000_000.25, 3)
  expect(toMs(command?.duration ?? [0, 0])).toBeCloseTo(8.5, 3)
  expect(toMs(fetched?.duration ?? [0, 0])).toBeCloseTo(2.5, 3)
  expect(fetched?.attributes).toEqual({ bytes: 7, relayed: true })
  expect(fetched?.events).toMatchObject([{ name: 'source lost', attributes: { peer: 'x' } }])
  expect(fetched?.status).toEqual({ code: 2, message: 'RangeError' })
  expect(command?.status).toEqual({ code: 0 })
})

test('only spans of exported traces reach the exporter, and only while there is one', () => {
  const received: string[] = []
  const processor = {
    onStart() {},
    onEnd: (span: { name: string; spanContext(): { traceFlags: number } }) =>
      void (span.spanContext().traceFlags === 1 && received.push(span.name)),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  for (const ratio of [0, 1]) {
    const { startSpan, records, converter } = compose(ratio)
    startSpan(`before ${ratio}`).end()
    startSpan(`during ${ratio}`).end()
    startSpan(`after ${ratio}`).end()
    const [before, during, after] = records
    if (before === undefined || during === undefined || after === undefined) throw new Error('no trace')
    converter.convert(before)
    converter.exportTo(processor)
    converter.convert(during)
    converter.exportTo(undefined)
    converter.convert(after)
  }
  expect(received).toEqual(['during 1'])
})

test('a clock that jumps moves no span of a trace against another', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { maxLength: 6 }), (jumps) => {
      const { clock, startSpan, records, pass, converter } = compose()
      const parent = startSpan('command')
      for (const jump of jumps) {
        clock.wall += jump
        const child = startSpan('part', { parent })
        pass(1)
        child.end()
      }
      parent.end()
      const [record] = records
      if (record === undefined) throw new Error('no trace')
      const spans = converter.convert(record)
      const root = spans.at(-1)
      if (root === undefined) throw new Error('no span')
      for (const span of spans) {
        expect(toMs(span.startTime)).toBeGreaterThanOrEqual(toMs(root.startTime) - 0.01)
        expect(toMs(span.endTime)).toBeLessThanOrEqual(toMs(root.endTime) + 0.01)
      }
    }),
    { seed: 1, numRuns: 50 },
  )
})

test('a span that could not be recorded is told by the first one', () => {
  const { startSpan, records, converter } = compose()
  const parent = startSpan('command')
  for (let n = 0; n < 600; n += 1) startSpan('part', { parent }).end()
  parent.end()
  const [record] = records
  if (record === undefined) throw new Error('no trace')
  const spans = converter.convert(record)
  expect(spans).toHaveLength(500)
  expect(spans.at(-1)?.attributes).toEqual({ dropped_spans: 101 })
})

test('nothing is registered globally', () => {
  const { startSpan, records, converter } = compose(1)
  startSpan('command').end()
  for (const record of records) converter.convert(record)
  expect(traceApi.getTracer('any').startSpan('any').isRecording()).toBe(false)
  expect(context.active()).toBe(context.active())
  expect(propagation.fields()).toEqual([])
})

test('the resource names the program and a random instance, and nothing else', () => {
  expect(createSpanConverter('instance').resource.attributes).toEqual({
    'service.name': 'ggen-marketplace',
    'service.version': packageFile.version,
    'service.instance.id': 'instance',
  })
  expect(serviceVersion).toBe(packageFile.version)
})
