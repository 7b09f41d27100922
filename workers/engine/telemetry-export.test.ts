import { afterEach, expect, test } from 'vitest'
import { webCrypto, webKeys } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { type OtlpReceiver, type OtlpReceiverOptions, startOtlpReceiver } from '../testing/otlp-receiver.ts'
import { createTelemetryExport } from './telemetry-export.ts'
import { createTracing } from './tracing.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const startReceiver = async (options?: OtlpReceiverOptions): Promise<OtlpReceiver> => {
  const receiver = await startOtlpReceiver(options)
  stops.push(receiver.stop)
  return receiver
}

const start = async (origin: string | undefined, store: Store = createMemoryStore() as Store) => {
  const clocks = { wall: Date.now, monotonic: () => performance.now() }
  const tracing = createTracing({ clocks, random: Math.random, randomUuid: () => crypto.randomUUID() })
  const exporting = await createTelemetryExport({
    platform: { origin, clocks, crypto: webCrypto, keys: webKeys },
    store,
    figures: createInMemoryMeter().reader,
    flushTraces: tracing.flush,
  })
  tracing.exportWith(exporting)
  const stop = async (): Promise<void> => {
    await exporting.stop()
    tracing.stop()
  }
  stops.push(stop)
  return { tracing, exporting, stop }
}

const peer = '12D3KooWGzBTs5MdMSHJRUZ5PfRfzJUVHHyTwXaYLGHVXjgtT4Bx'

const lastHash = async (receiver: OtlpReceiver): Promise<unknown> => receiver.spans.at(-1)?.fields['peer']

test('nothing leaves the machine and no span has a context to pass on, unless it is switched on', async () => {
  const receiver = await startReceiver()
  const { tracing, exporting, stop } = await start(receiver.origin)
  const span = tracing.tracer.startSpan('sync')
  expect(span.exportedContext()).toBeUndefined()
  span.end()
  await tracing.flush()
  await exporting.flush()
  await stop()
  expect(receiver.requests()).toBe(0)
  expect(await tracing.traces()).toMatchObject([{ name: 'sync' }])
})

test('what is switched on is exported, stays on after a restart, and ends when it is switched off', async () => {
  const receiver = await startReceiver()
  const disk = createMemoryStore() as Store
  const first = await start(receiver.origin, disk)
  expect(await first.exporting.set({ export: true })).toEqual({ export: true, ratio: 1, collector: 'available' })
  first.tracing.tracer.startSpan('first', { attributes: { peer } }).end()
  await first.stop()
  expect(receiver.spans.map(({ name }) => name)).toEqual(['first'])
  const hash = await lastHash(receiver)
  expect(hash).toMatch(/^[0-9a-f]{16}$/)

  const second = await start(receiver.origin, disk)
  expect(await second.exporting.view()).toMatchObject({ export: true, ratio: 1 })
  second.tracing.tracer.startSpan('second', { attributes: { peer } }).end()
  await second.tracing.flush()
  await second.exporting.flush()
  expect(receiver.spans.map(({ name }) => name)).toEqual(['first', 'second'])
  // The same profile, so the same salt.
  expect(await lastHash(receiver)).toBe(hash)

  const open = second.tracing.tracer.startSpan('open')
  expect(open.exportedContext()).toBeDefined()
  expect(await second.exporting.set({ export: false })).toMatchObject({ export: false, ratio: 1 })
  // Also what began before: from now on no peer learns it.
  expect(open.exportedContext()).toBeUndefined()
  open.end()
  second.tracing.tracer.startSpan('third').end()
  await second.stop()
  expect(receiver.spans).toHaveLength(2)
  expect(receiver.bodies.join()).not.toContain(peer)
})

test('two profiles name one peer differently', async () => {
  const receiver = await startReceiver()
  const hashes = new Set<unknown>()
  for (let profile = 0; profile < 2; profile += 1) {
    const { tracing, exporting, stop } = await start(receiver.origin)
    await exporting.set({ export: true })
    tracing.tracer.startSpan('sync', { attributes: { peer } }).end()
    await stop()
    hashes.add(await lastHash(receiver))
  }
  expect(hashes.size).toBe(2)
})

test('a ratio decides which traces are exported, and stays when it is not given again', async () => {
  const receiver = await startReceiver()
  const { tracing, exporting } = await start(receiver.origin)
  await exporting.set({ export: true, ratio: 0 })
  for (let n = 0; n < 20; n += 1) {
    const span = tracing.tracer.startSpan('sync')
    expect(span.exportedContext()).toBeUndefined()
    span.end()
  }
  expect(await exporting.set({ export: true })).toMatchObject({ ratio: 0 })
  await exporting.flush()
  expect(receiver.spans).toEqual([])
})

test.each<[string, OtlpReceiverOptions['answer'], string]>([
  ['forwards', () => false, 'available'],
  ['forwards nothing', (_, response) => Boolean(response.writeHead(404).end()), 'absent'],
  ['answers everything with a page', (_, response) => Boolean(response.writeHead(200).end('<html>')), 'unknown'],
  ['fails', (_, response) => Boolean(response.writeHead(500).end()), 'unknown'],
])('the page of a server that %s tells so', async (_, answer, collector) => {
  const receiver = await startReceiver(answer === undefined ? {} : { answer })
  const { exporting } = await start(receiver.origin)
  expect(await exporting.view()).toEqual({ export: false, ratio: 1, collector })
  await exporting.view()
  // The answer counts for a while.
  expect(receiver.requests()).toBe(1)
})

test('without a server there is no collector, and switching it on is harmless', async () => {
  const { tracing, exporting } = await start(undefined)
  expect(await exporting.set({ export: true })).toEqual({ export: true, ratio: 1, collector: 'absent' })
  const span = tracing.tracer.startSpan('sync')
  expect(span.exportedContext()).toBeUndefined()
  span.end()
})

test('a stored choice that cannot be read counts as none', async () => {
  const receiver = await startReceiver()
  for (const value of [new Uint8Array(), new Uint8Array(10_000), new TextEncoder().encode('{"export":true}')]) {
    const disk = createMemoryStore() as Store
    await disk.write([{ table: 'settings', key: 'telemetry', value }])
    const { exporting } = await start(receiver.origin, disk)
    expect(await exporting.view()).toMatchObject({ export: false, ratio: 1 })
    expect(await exporting.set({ export: true, ratio: 0.5 })).toMatchObject({ export: true, ratio: 0.5 })
  }
  const broken = { get: () => Promise.reject(new Error('no')), write: () => Promise.reject(new Error('no')) }
  const { exporting } = await start(receiver.origin, broken as unknown as Store)
  expect(await exporting.view()).toMatchObject({ export: false })
  await expect(exporting.set({ export: true })).rejects.toThrow('no')
  expect(await exporting.view()).toMatchObject({ export: false })
})
