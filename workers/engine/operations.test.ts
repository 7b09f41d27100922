import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, eventually } from '../testing/network.ts'
import { createRecordingTracer, pathOf, type RecordedSpan } from '../testing/recording-tracer.ts'

const network = createEngineNetwork({ seed: 5 })
afterEach(network.stopAll)

/** A publishing peer, and a connected one whose operations are recorded. */
const startPair = async (signal: AbortSignal) => {
  const { tracer, spans } = createRecordingTracer()
  const publisher = await network.start('publisher')
  const installer = await network.start('installer', { tracer })
  const { id } = await publisher.publish('kit', '1.0.0', { 'a.bin': new Uint8Array(600_000).fill(7) })
  await installer.meet(publisher)
  await eventually('the package is known', async () => (await installer.search({ text: 'kit' })).total === 1, signal)
  return { id, publisher, installer, spans }
}

const within = (spans: readonly RecordedSpan[], root: string): RecordedSpan[] =>
  spans.filter((span) => pathOf(span) === root || pathOf(span).startsWith(`${root} > `))

test('an install is one operation, down to content fetch and DHT lookup', async ({ signal }) => {
  const { id, installer, spans } = await startPair(signal)
  await installer.install([id])
  const paths = within(spans, 'install').map(pathOf)
  for (const part of ['', ' > resolve', ' > content.fetch', ' > content.fetch > dht.providers', ' > content.verify'])
    expect(paths).toContain(`install${part}`)
  expect(spans.filter(({ name }) => name === 'install')).toHaveLength(1)
  // The provider search ends shortly after the install that cancelled it.
  await eventually('all of it has ended', () => within(spans, 'install').every(({ ended }) => ended), signal)
  const fetched = spans.find(({ name }) => name === 'content.fetch')
  expect(fetched?.errors).toEqual([])
})

test('the metrics of both sides count the transferred pieces', async ({ signal }) => {
  const { id, publisher, installer } = await startPair(signal)
  const { bytes } = await installer.install([id])
  expect(await installer.metrics()).toMatchObject({ packages_installed: 1, piece_bytes_received: bytes })
  const { piece_bytes_sent: sent = 0, packages_published: published } = await publisher.metrics()
  expect(published).toBe(1)
  // The manifest does not count as a piece.
  expect(sent).toBeGreaterThan(bytes)
})

test('a lookup is one operation, down to the DHT', async ({ signal }) => {
  const { publisher, installer, spans } = await startPair(signal)
  expect(await installer.lookup(`${publisher.publisherId}/none`)).toMatchObject({ found: false })
  expect(within(spans, 'lookup').map(pathOf)).toContain('lookup > dht.lookup')
  expect(spans.find(({ name }) => name === 'dht.lookup')?.attributes).toMatchObject({ outcome: 'absent' })
})

test('a command that fails marks its operation', async ({ signal }) => {
  const { installer, spans } = await startPair(signal)
  await expect(installer.install(['nobody-has-this'])).rejects.toMatchObject({ name: 'PackageNotFound' })
  const failed = spans.filter(({ name, errors }) => name === 'install' && errors.length === 1)
  expect(failed.map(({ ended }) => ended)).toEqual([true])
})

test('messages from peers start their own operations', async ({ signal }) => {
  const { installer, publisher, spans } = await startPair(signal)
  await publisher.publish('tool', '1.0.0')
  await eventually(
    'the announcement arrived',
    async () => (await installer.search({ text: 'tool' })).total === 1,
    signal,
  )
  const paths = spans.map(pathOf)
  expect(paths.some((path) => /^(gossip\.receive|sync\.\w+) > registry\.verify$/.test(path))).toBe(true)
})
