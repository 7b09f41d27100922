import { afterEach, expect, test } from 'vitest'
import type { Change } from '../../store/store.ts'
import type { Meter, Span, Tracer } from '../../telemetry/telemetry.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../network.ts'
import { type OtlpReceiverOptions, startOtlpReceiver } from '../otlp-receiver.ts'

const network = createEngineNetwork()
afterEach(network.stopAll)

/** Every operation of two peers, one of which has broken telemetry. */
const runEverything = async (broken: EnginePeer, other: EnginePeer, signal: AbortSignal): Promise<void> => {
  await broken.meet(other)
  await broken.publish('of-the-broken', '1.0.0', { 'data.bin': new Uint8Array(50_000).map((_, at) => at * 7) })
  await other.publish('of-the-other', '1.0.0', { 'data.bin': new Uint8Array(50_000).map((_, at) => at * 5) })
  for (const peer of [broken, other])
    await eventually('both packages are known', async () => (await peer.search({})).total === 2, signal)
  expect((await broken.install(['of-the-other'])).installed).toHaveLength(1)
  const { installed } = await other.install(['of-the-broken'])
  expect(await other.lookup(installed[0]?.id ?? '')).toBeDefined()
  expect(await broken.search({ text: 'of-the-other' })).toMatchObject({ total: 1 })
  await expect(broken.install(['of-nobody'])).rejects.toMatchObject({ name: 'PackageNotFound' })
  expect((await broken.peers()).map(({ peerId }) => peerId)).toContain(other.id)
}

/** The commands that read telemetry answer, with whatever there is. */
const readEverything = async (peer: EnginePeer): Promise<void> => {
  expect((await peer.objectives()).length).toBeGreaterThan(0)
  expect(await peer.percentiles()).toHaveProperty('package_search_duration')
  expect(await peer.traces()).toBeInstanceOf(Array)
  expect((await peer.samples()).times).toBeInstanceOf(Float64Array)
  expect(await peer.metrics()).toBeInstanceOf(Object)
  expect(await peer.telemetry()).toMatchObject({ export: false })
  await peer.flush()
}

let thrown = 0
const fail = (): never => {
  thrown += 1
  throw new Error('Telemetry is broken.')
}

const throwingSpan: Span = {
  setAttributes: fail,
  addEvent: fail,
  setRemoteParent: fail,
  recordException: fail,
  end: fail,
  exportedContext: fail,
}
const throwingMeter: Meter = {
  createCounter: fail,
  createHistogram: fail,
  createObservableCounter: fail,
  createObservableGauge: fail,
}

test.each<[string, Tracer, Meter]>([
  ['whose tracer and meter throw', { startSpan: fail }, throwingMeter],
  [
    'whose spans and instruments throw',
    { startSpan: () => throwingSpan },
    {
      createCounter: () => ({ add: fail, with: () => ({ add: fail }) }),
      createHistogram: () => ({ record: fail }),
      createObservableCounter: () => fail,
      createObservableGauge: () => fail,
    },
  ],
])('an engine %s does all its work', async (_, tracer, meter) => {
  const broken = await network.start('broken', { tracer, meter })
  const other = await network.start('other')
  const before = thrown
  await runEverything(broken, other, AbortSignal.timeout(100_000))
  expect(thrown).toBeGreaterThan(before)
  await readEverything(broken)
  await network.leave(broken)
})

test('an engine whose measurements cannot be stored does all its work', async ({ signal }) => {
  const disk = network.diskOf('broken')
  const { write } = disk
  let refused = 0
  disk.write = async (changes: readonly Change[], ...more) => {
    if (changes.some(({ key }) => key.startsWith('samples/'))) {
      refused += 1
      throw new Error('The disk is full.')
    }
    return write(changes, ...more)
  }
  const broken = await network.start('broken')
  const other = await network.start('other')
  await readEverything(broken)
  await eventually('there is a row', async () => (await broken.samples()).times.length > 0, signal)
  // The next row ends a minute, which is written.
  broken.clockMs += 60_000
  await eventually('a minute could not be written', () => refused > 0, signal)
  await runEverything(broken, other, signal)
  await readEverything(broken)
  expect((await broken.samples(undefined, { step: 'minute' })).times.length).toBeGreaterThan(0)
  await network.leave(broken)
})

const page = new Uint8Array(10_485_760)

test.each<[string, OtlpReceiverOptions['answer']]>([
  ['is absent', (_, response) => Boolean(response.writeHead(404).end())],
  ['fails', (_, response) => Boolean(response.writeHead(500).end())],
  ['answers 10 MB', (_, response) => Boolean(response.writeHead(500).end(page))],
  ['never answers', ({ method }) => method === 'POST'],
  ['ends the connection', ({ socket }) => Boolean(socket.destroy())],
])('an engine whose collector %s does all its work', async (_, answer) => {
  const receiver = await startOtlpReceiver(answer === undefined ? {} : { answer })
  try {
    const broken = await network.start('broken', { origin: receiver.origin })
    const other = await network.start('other')
    expect(await broken.setTelemetry({ export: true })).toMatchObject({ export: true })
    await runEverything(broken, other, AbortSignal.timeout(100_000))
    await broken.flush()
    expect(receiver.requests()).toBeGreaterThan(0)
    expect(receiver.bodies).toEqual([])
    expect((await broken.traces()).length).toBeGreaterThan(0)
    await network.leave(broken)
  } finally {
    await receiver.stop()
  }
})
