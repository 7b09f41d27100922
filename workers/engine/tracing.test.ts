import { afterEach, expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { createEngineNetwork } from '../testing/network.ts'
import { createTracing } from './tracing.ts'

const engines = createEngineNetwork()
afterEach(() => engines.stopAll())

const start = () => {
  const clocks = { wall: Date.now, monotonic: () => performance.now() }
  return createTracing({ clocks, random: Math.random, randomUuid: () => crypto.randomUUID() })
}

test('a trace is listed as soon as it has ended, with its spans inside each other', async () => {
  const tracing = start()
  const root = tracing.tracer.startSpan('command', { attributes: { command: 'install' } })
  const fetching = tracing.tracer.startSpan('fetch', { parent: root, attributes: { bytes: 7 } })
  fetching.recordException(new RangeError('no'))
  fetching.end()
  root.end()
  const [trace] = await tracing.traces()
  tracing.stop()
  expect(trace).toMatchObject({ name: 'install', failed: false, spans: [{ name: 'command' }, { name: 'fetch' }] })
  const [first, second] = trace?.spans ?? []
  expect(first?.parentId).toBeUndefined()
  expect(second).toMatchObject({
    parentId: first?.spanId,
    attributes: { bytes: 7, failure: 'RangeError' },
    failed: true,
  })
  expect(second?.startMs).toBeGreaterThanOrEqual(0)
})

test('traces are found by id, by time and by number, newest first', async () => {
  const tracing = start()
  for (const name of ['first', 'second', 'third']) tracing.tracer.startSpan(name).end()
  const all = await tracing.traces()
  expect(all.map(({ name }) => name)).toEqual(['third', 'second', 'first'])
  expect((await tracing.traces(2)).map(({ name }) => name)).toEqual(['third', 'second'])
  expect(await tracing.traces(-1)).toEqual([])
  const [third] = all
  expect(await tracing.traces(undefined, { id: third?.traceId ?? '' })).toEqual([third])
  expect(await tracing.traces(undefined, { since: Date.now() + 60_000 })).toEqual([])
  tracing.stop()
})

test('traces that were not kept are a figure', async () => {
  const tracing = start()
  const { meter, reader } = createInMemoryMeter()
  tracing.measure(meter)
  for (let n = 0; n < 200; n += 1) tracing.tracer.startSpan('search').end()
  expect(reader.sum('traces_not_kept', { reason: 'rate' })).toBeGreaterThan(0)
  expect((await tracing.traces()).length + reader.sum('traces_not_kept')).toBe(200)
  tracing.stop()
})

test("a command's trace has the ids that the page chose, and a malformed choice changes nothing", async () => {
  const engine = await engines.start('alice')
  await engine.run('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 'search', { text: 'a' })
  const [found] = await engine.traces(1, { id: '0af7651916cd43dd8448eb211c80319c' })
  expect(found?.spans[0]?.spanId).toBe('b7ad6b7169203331')
  for (const trace of ['00-0-0-00', 'x'.repeat(1_000_000), 7, { length: 55 }])
    expect(await engine.run(trace, 'search', { text: 'a' })).toMatchObject({ total: 0 })
  await expect(engine.setTelemetry({ export: 'yes' } as never)).rejects.toMatchObject({ name: 'InvalidArgument' })
  await expect(engine.setTelemetry({ export: true, ratio: 2 })).rejects.toMatchObject({ name: 'InvalidArgument' })
})
