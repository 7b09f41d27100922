import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type OtlpReceiver, startOtlpReceiver } from '../../testing/otlp-receiver.ts'
import { createInMemoryMeter } from '../in-memory-meter.ts'
import { createSpanRecorder } from '../span-recorder.ts'
import { createSpanConverter } from './span-converter.ts'
import { type ExportTiming, startExport } from './start-export.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const peer = '12D3KooWGzBTs5MdMSHJRUZ5PfRfzJUVHHyTwXaYLGHVXjgtT4Bx'

const compose = (origin: string, timing: Partial<ExportTiming> = {}) => {
  const clock = { ms: 0 }
  const converter = createSpanConverter('instance')
  const { meter, reader } = createInMemoryMeter()
  const running = startExport({
    origin,
    resource: converter.resource,
    hashPeer: async () => '0123456789abcdef',
    figures: reader,
    startedAt: Date.now(),
    wall: Date.now,
    monotonic: () => clock.ms,
    timing: { spansMs: 60_000, metricsMs: 60_000, requestMs: 60_000, flushMs: 60_000, ...timing },
  })
  stops.push(running.stop)
  converter.exportTo(running.processor)
  const { startSpan } = createSpanRecorder({
    clocks: { wall: Date.now, monotonic: () => performance.now() },
    random: Math.random,
    exportRatio: () => 1,
    onTrace: (trace) => void converter.convert(trace),
  })
  return { clock, meter, running, startSpan }
}

const startReceiver = async (
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean,
): Promise<OtlpReceiver> => {
  const receiver = await startOtlpReceiver(answer === undefined ? {} : { answer })
  stops.push(receiver.stop)
  return receiver
}

test('a receiver of OTLP decodes spans and metrics', async () => {
  const receiver = await startReceiver()
  const { meter, running, startSpan } = compose(receiver.origin)
  meter.createCounter('cache_hits_total').add(2, { tier: 'memory' })
  meter.createHistogram('package_search_duration').record(3)
  const parent = startSpan('command', { attributes: { command: 'search', text: 'what I typed' } })
  const child = startSpan('query', {
    parent,
    attributes: { peer, ms: 4.5, address: `/ip4/10.1.2.3/tcp/1/p2p/${peer}` },
  })
  child.addEvent('dropped', { peer, detail: 'a sentence' })
  child.recordException(Object.assign(new Error('what I typed'), { name: 'Timeout' }))
  child.end()
  parent.end()
  await running.flush()
  expect(receiver.faults).toEqual([])
  const [query, command] = receiver.spans
  expect(query).toMatchObject({
    name: 'query',
    traceId: command?.traceId,
    parentSpanId: command?.spanId,
    fields: { peer: '0123456789abcdef', ms: 4.5 },
    status: { code: 2, message: 'Timeout' },
    resource: { 'service.name': 'ggen-marketplace', 'service.instance.id': 'instance' },
  })
  expect(command?.fields).toEqual({ command: 'search' })
  expect(command?.parentSpanId).toBeUndefined()
  expect(receiver.metrics.map(({ name }) => name).sort()).toEqual([
    'cache_hits_total',
    'marketplace.search.latency',
    'package_search_duration',
  ])
  expect(receiver.metrics.find(({ name }) => name === 'cache_hits_total')?.sum?.dataPoints).toMatchObject([
    { asInt: 2 },
  ])
  expect(receiver.bodies.join()).not.toMatch(/12D3Koo|10\.1\.2\.3|what I typed|a sentence/)
  expect(running.state()).toBe('available')
})

test('each span is sent once, however often it is flushed', async () => {
  const receiver = await startReceiver()
  const { running, startSpan } = compose(receiver.origin)
  for (let n = 0; n < 300; n += 1) startSpan('command').end()
  await Promise.all([running.flush(), running.flush()])
  await running.flush()
  const ids = receiver.spans.map(({ spanId }) => spanId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toHaveLength(300)
})

test('a server without a collector is left alone for a while', async () => {
  const receiver = await startReceiver((_, response) => {
    response.writeHead(404).end()
    return true
  })
  const { clock, meter, running, startSpan } = compose(receiver.origin)
  meter.createCounter('packages_published').add(1)
  startSpan('command').end()
  await running.flush()
  expect(running.state()).toBe('absent')
  const requests = receiver.requests()
  for (let n = 0; n < 10; n += 1) {
    startSpan('command').end()
    await running.flush()
  }
  expect(receiver.requests()).toBe(requests)
  clock.ms += 300_001
  startSpan('command').end()
  await running.flush()
  expect(receiver.requests()).toBeGreaterThan(requests)
})

test('a collector that fails is asked again after a pause, and recovers', async () => {
  let isBroken = true
  const receiver = await startReceiver((_, response) => {
    if (isBroken) response.writeHead(500).end('no')
    return isBroken
  })
  const { clock, running, startSpan } = compose(receiver.origin)
  startSpan('lost').end()
  await running.flush()
  expect(running.state()).toBe('failing')
  const requests = receiver.requests()
  startSpan('lost in the pause').end()
  await running.flush()
  expect(receiver.requests()).toBe(requests)
  isBroken = false
  clock.ms += 60_000
  startSpan('sent').end()
  await running.flush()
  expect(receiver.spans.map(({ name }) => name)).toEqual(['sent'])
  expect(running.state()).toBe('available')
})

test('an answer of 10 MB is not read', async () => {
  let written = 0
  const cut = Promise.withResolvers<void>()
  const chunk = Buffer.alloc(65_536, 'x')
  const total = 10 * 1_048_576
  const receiver = await startReceiver((request, response) => {
    request.resume()
    response.on('close', cut.resolve)
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(total) })
    const write = (): void => {
      while (written < total && response.write(chunk)) written += chunk.length
      if (written < total) response.once('drain', write)
    }
    write()
    return true
  })
  const { running, startSpan } = compose(receiver.origin)
  startSpan('command').end()
  await running.flush()
  expect(running.state()).toBe('available')
  await cut.promise
  // Less than the whole: what the buffers of both ends took.
  expect(written).toBeLessThan(total)
})

test.each<[string, (response: ServerResponse) => void]>([
  ['malformed JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"partial')],
  ['no HTTP', (response) => void response.socket?.end('garbage\r\n\r\n')],
  ['a cut connection', (response) => void response.socket?.destroy()],
  ['a redirect elsewhere', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
])('%s as an answer disturbs nothing', async (_, answer) => {
  const receiver = await startReceiver((request, response) => {
    request.resume()
    answer(response)
    return true
  })
  const { running, startSpan } = compose(receiver.origin)
  startSpan('command').end()
  await running.flush()
  expect(running.state()).toMatch(/available|failing/)
})

test('a collector that does not answer delays neither a flush nor the end', async () => {
  const asked = Promise.withResolvers<void>()
  const receiver = await startReceiver(() => {
    asked.resolve()
    return true
  })
  const { running, startSpan } = compose(receiver.origin, { flushMs: 50 })
  startSpan('command').end()
  await running.flush()
  await asked.promise
  running.stop()
  startSpan('after the end').end()
  await running.flush()
  expect(receiver.requests()).toBe(1)
})

test('spans that wait are bounded while the collector does not answer', async () => {
  const receiver = await startReceiver(() => true)
  const { running, startSpan } = compose(receiver.origin, { flushMs: 50 })
  for (let n = 0; n < 20_000; n += 1) startSpan('command').end()
  await running.flush()
  // The 2,048 that may wait, in batches of 128.
  expect(receiver.requests()).toBeLessThanOrEqual(16)
})

test('a server that is gone fails silently', async () => {
  const receiver = await startOtlpReceiver()
  await receiver.stop()
  const { running, startSpan } = compose(receiver.origin)
  startSpan('command').end()
  await running.flush()
  expect(running.state()).toBe('failing')
})
