import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { TraceRecord } from '../telemetry/trace-record.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'
import { pathsOf, recordTraces, spansOf, strays, type TraceRecording, tracesOf } from '../testing/trace-recording.ts'

const network = createEngineNetwork({ seed: 5 })
afterEach(network.stopAll)

const knows = async (peer: EnginePeer, text: string, signal: AbortSignal): Promise<void> =>
  eventually(`${text} is known`, async () => (await peer.search({ text })).total > 0, signal)

/** A publishing peer with a package, and a connected one; the traces of both. */
const startPair = async (signal: AbortSignal) => {
  const [served, recording] = [recordTraces(), recordTraces()]
  const publisher = await network.start('publisher', { tracer: served.tracer })
  const installer = await network.start('installer', { tracer: recording.tracer })
  const { id } = await publisher.publish('kit', '1.0.0', { 'a.bin': new Uint8Array(600_000).fill(7) })
  await installer.meet(publisher)
  await knows(installer, 'kit', signal)
  return { id, publisher, installer, recording, served }
}

const finished = async (recording: TraceRecording, command: string, signal: AbortSignal): Promise<TraceRecord> => {
  await eventually(`the trace of ${command} has finished`, () => tracesOf(recording, command).length > 0, signal)
  return tracesOf(recording, command).at(-1) as TraceRecord
}

const rootsOf = ({ traces }: TraceRecording, name: string): TraceRecord[] =>
  traces.filter(({ root }) => root.name === name)

const oneOf = (trace: TraceRecord, name: string) => {
  const spans = spansOf(trace, name)
  expect(spans, name).toHaveLength(1)
  return spans[0]?.attributes ?? {}
}

describe('an install', () => {
  test('is one trace, down to each source of pieces', async ({ signal }) => {
    const { id, publisher, installer, recording } = await startPair(signal)
    const { bytes } = await installer.install([id], { transferId: 'one' })
    const trace = await finished(recording, 'install', signal)
    expect(pathsOf(trace)).toEqual(
      expect.arrayContaining([
        'command',
        'command > install',
        'command > install > resolve',
        'command > install > fetch',
        'command > install > fetch > piece_source',
        'command > install > fetch > dht_query',
        'command > install > verify',
      ]),
    )
    expect(strays(trace)).toEqual([])
    expect(trace.spans.map(({ failure }) => failure)).toEqual(trace.spans.map(() => undefined))
    expect(oneOf(trace, 'install')).toMatchObject({ transfer: 'one', packages: 1, bytes, sources: 1 })
    expect(oneOf(trace, 'resolve')).toEqual({ packages: 1, steps: 1 })
    expect(oneOf(trace, 'fetch')).toMatchObject({ root: expect.any(String), bytes, sources: 1 })
    expect(oneOf(trace, 'verify')).toEqual({ files: 2, read_again: 0 })
    // Three pieces of 256 KiB, one source.
    const source = { peer: publisher.id, pieces: 3, bytes, relayed: false, outcome: 'done' }
    expect(oneOf(trace, 'piece_source')).toEqual(source)
  })

  test('that fails marks every span on the way', async ({ signal }) => {
    const { installer, recording } = await startPair(signal)
    await expect(installer.install(['nobody-has-this'])).rejects.toMatchObject({ name: 'PackageNotFound' })
    const trace = await finished(recording, 'install', signal)
    const failed = trace.spans.filter(({ failure }) => failure === 'PackageNotFound').map(({ name }) => name)
    expect(failed.sort()).toEqual(['command', 'install', 'resolve'])
  })

  test('that a person cancels ends its spans as cancelled', async ({ signal }) => {
    const { id, publisher, installer, recording } = await startPair(signal)
    network.silence([publisher])
    const installing = installer.install([id], { transferId: 'slow' })
    installing.catch(() => {})
    await eventually('it has a source', () => recording.started.includes('piece_source'), signal)
    await installer.cancel('slow')
    await expect(installing).rejects.toMatchObject({ name: 'Cancelled' })
    const trace = await finished(recording, 'install', signal)
    expect(spansOf(trace, 'fetch').map(({ failure }) => failure)).toEqual(['Cancelled'])
    expect(strays(trace)).toEqual([])
  })

  test('counts what it moved on both sides', async ({ signal }) => {
    const { id, publisher, installer } = await startPair(signal)
    const { bytes } = await installer.install([id])
    expect(await installer.metrics()).toMatchObject({ packages_installed: 1, piece_bytes_received: bytes })
    expect((await installer.percentiles())['package_install_duration']).toMatchObject({ count: 1 })
    const { piece_bytes_sent: sent = 0, packages_published: published } = await publisher.metrics()
    expect(published).toBe(1)
    // The manifest does not count as a piece.
    expect(sent).toBeGreaterThan(bytes)
  })
})

describe('a lookup', () => {
  test('that memory cannot answer is one trace, down to each peer that the DHT asked', async ({ signal }) => {
    const { publisher, installer, recording } = await startPair(signal)
    expect(await installer.lookup(`${publisher.publisherId}/none`)).toMatchObject({ found: false })
    const trace = await finished(recording, 'lookup', signal)
    expect(pathsOf(trace)).toEqual(
      expect.arrayContaining([
        'command > lookup > dht_query > dht_peer_query',
        'command > lookup > peer_selection',
        'command > lookup > peer_query',
      ]),
    )
    expect(strays(trace)).toEqual([])
    expect(oneOf(trace, 'command')).toEqual({ command: 'lookup' })
    expect(oneOf(trace, 'lookup')).toEqual({ tier: 'none', found: false })
    expect(oneOf(trace, 'dht_query')).toMatchObject({
      purpose: 'find_head',
      outcome: 'absent',
      found: false,
      fan_out: 1,
      asked: 1,
      answered: 1,
      timed_out: 0,
      hops: 0,
    })
    const asked = { peer: publisher.id, hops: 1, dialled: false, outcome: 'answered', ms: expect.any(Number) }
    expect(oneOf(trace, 'dht_peer_query')).toEqual(asked)
    expect(oneOf(trace, 'peer_selection')).toEqual({ candidates: 1, filtered: 0, count: 1 })
  })

  test('that memory answers starts no span', async ({ signal }) => {
    const { id, publisher, installer, recording } = await startPair(signal)
    const known = await installer.lookup(id)
    await installer.lookup(`${publisher.publisherId}/none`)
    const before = recording.started.filter((name) => name === 'command').length
    expect(await installer.lookup(id)).toEqual({ ...known, from: 'hot', tookMs: expect.any(Number) })
    expect(await installer.lookup(id)).toMatchObject({ found: true, from: 'hot' })
    expect(await installer.lookup(`${publisher.publisherId}/none`)).toMatchObject({ found: false, from: 'none' })
    expect(recording.started.filter((name) => name === 'command')).toHaveLength(before)
    expect(await installer.metrics()).toMatchObject({ 'cache_hits_total{tier="hot"}': 2 })
  })

  test('with a malformed id fails as before, in a span', async ({ signal }) => {
    const { installer, recording } = await startPair(signal)
    await expect(installer.lookup('nonsense')).rejects.toMatchObject({ name: 'InvalidArgument' })
    await expect(installer.lookup(undefined as never)).rejects.toThrow()
    const trace = tracesOf(recording, 'lookup')[0]
    expect(trace?.root.failure).toBe('InvalidArgument')
    expect(trace === undefined ? [] : pathsOf(trace)).toEqual(['command'])
  })
})

test('a file is read from memory without a span, and a read that fails has one', async ({ signal }) => {
  const { id, installer, recording } = await startPair(signal)
  await installer.install([id])
  const { files = [] } = await installer.describe(id)
  const path = files.find(({ size }) => size < 10_000)?.path ?? ''
  const bytes = await installer.readFile(id, '1.0.0', path)
  expect(await installer.readFile(id, '1.0.0', path)).toEqual(bytes)
  await expect(installer.readFile(id, '9.9.9', path)).rejects.toMatchObject({ name: 'VersionNotFound' })
  expect(tracesOf(recording, 'readFile').map(({ root }) => root.failure)).toEqual([undefined, 'VersionNotFound'])
})

describe('a publication', () => {
  test('is one trace, with what is sent in the background', async ({ signal }) => {
    const { installer, recording } = await startPair(signal)
    await eventually('there is an audience', () => installer.network.announcements.audience() > 0, signal)
    const { id } = await installer.publish('tool', '1.0.0')
    const trace = await finished(recording, 'publish', signal)
    expect(pathsOf(trace)).toEqual(
      expect.arrayContaining([
        'command > publish > check',
        'command > publish > store',
        'command > publish > announce',
        'command > publish > dht_put > dht_query > dht_peer_query',
      ]),
    )
    expect(strays(trace)).toEqual([])
    expect(oneOf(trace, 'publish')).toEqual({ dry_run: false, package: id, version: '1.0.0' })
    expect(oneOf(trace, 'check')).toMatchObject({ files: 1, ok: true })
    expect(oneOf(trace, 'store')).toMatchObject({ files: 1, bytes: expect.any(Number) })
    expect(oneOf(trace, 'announce')).toEqual({ package: id, peers: 1 })
    expect(oneOf(trace, 'dht_put')).toEqual({ package: id, acknowledgements: 1, providers: 1 })
    const purposes = spansOf(trace, 'dht_query').map(({ attributes }) => attributes['purpose'])
    expect(purposes.sort()).toEqual(['provide', 'put_head'])
  })

  test('that could not be sent is sent later in traces of its own', async ({ signal }) => {
    const recording = recordTraces()
    const author = await network.start('author', { tracer: recording.tracer })
    const { id } = await author.publish('tool', '1.0.0')
    const trace = await finished(recording, 'publish', signal)
    expect(trace.spans.map(({ name }) => name).sort()).toEqual(['check', 'command', 'publish', 'store'])
    const reader = await network.start('reader')
    await reader.meet(author)
    await knows(reader, 'tool', signal)
    await eventually('it was announced', () => rootsOf(recording, 'announce').length > 0, signal)
    expect(rootsOf(recording, 'announce')[0]?.root.attributes).toEqual({ package: id, retry: true, peers: 1 })
  })

  test('of a draft is the same, and each change of it a check', async ({ signal }) => {
    const recording = recordTraces()
    const author = await network.start('author', { tracer: recording.tracer })
    const manifest = new TextEncoder().encode('[package]\nname = "kit"\nversion = "1.0.0"\n')
    const { id } = await author.openDraft([{ path: 'package.toml', bytes: manifest }])
    await author.changeDraft(id, { fields: { description: 'A kit' } })
    await author.publishDraft(id, { dryRun: true })
    await author.publishDraft(id)
    await eventually('both have ended', () => tracesOf(recording, 'publishDraft').length === 2, signal)
    for (const command of ['openDraft', 'changeDraft'])
      expect(tracesOf(recording, command).map(pathsOf)).toEqual([['command > check', 'command']])
    const [dryRun, publication] = tracesOf(recording, 'publishDraft').map(pathsOf)
    expect(dryRun).toEqual(['command > publish', 'command'])
    expect(publication).toEqual([
      'command > publish > check',
      'command > publish > store',
      'command > publish',
      'command',
    ])
  })
})

describe('a search', () => {
  test('here tells how much it found, never for what', async ({ signal }) => {
    const { installer, recording } = await startPair(signal)
    const before = (await installer.percentiles())['package_search_duration']?.count ?? 0
    await installer.search({ text: 'kit' })
    const trace = await finished(recording, 'search', signal)
    expect(pathsOf(trace)).toEqual(['command > search', 'command'])
    expect(oneOf(trace, 'search')).toEqual({ results: 1, total: 1, from: 'local' })
    expect((await installer.percentiles())['package_search_duration']?.count).toBe(before + 1)
  })

  test('at peers names each of them', async ({ signal }) => {
    const { installer, publisher, recording, served } = await startPair(signal)
    await installer.search({ text: 'kit', remote: true })
    const trace = await finished(recording, 'search', signal)
    expect(oneOf(trace, 'search')).toEqual({ results: 1, total: 1, from: 'peers', asked: 1, answered: 1 })
    expect(pathsOf(trace)).toContain('command > search > peer_selection')
    expect(oneOf(trace, 'peer_query')).toMatchObject({
      peer: publisher.id,
      type: 'search',
      outcome: 'answered',
      ms: expect.any(Number),
    })
    expect(strays(trace)).toEqual([])
    await eventually('the peer has served it', () => rootsOf(served, 'query_serve').length > 0, signal)
    expect(rootsOf(served, 'query_serve')[0]?.root.attributes).toMatchObject({
      peer: installer.id,
      type: 'search',
      status: 'ok',
    })
  })
})

describe('work that peers cause', () => {
  test('has traces of its own: announcements', async ({ signal }) => {
    const { installer, publisher, recording } = await startPair(signal)
    await eventually('there is an audience', () => publisher.network.announcements.audience() > 0, signal)
    await publisher.publish('tool', '1.0.0')
    await knows(installer, 'tool', signal)
    await eventually('it was received', () => rootsOf(recording, 'gossip_receive').length > 0, signal)
    const trace = rootsOf(recording, 'gossip_receive').at(-1)
    expect(trace === undefined ? [] : pathsOf(trace)).toEqual(['gossip_receive'])
    expect(trace?.root.attributes).toEqual({ peer: publisher.id, verdict: 'new', age_ms: expect.any(Number) })
    expect(await installer.metrics()).toMatchObject({
      gossip_messages_received: rootsOf(recording, 'gossip_receive').length,
    })
  })

  test('has traces of its own: exchanges of catalogues, at both sides', async ({ signal }) => {
    const { installer, publisher, recording, served } = await startPair(signal)
    const exchanges = (): TraceRecord[] =>
      [recording, served].flatMap((each) => [...rootsOf(each, 'sync'), ...rootsOf(each, 'sync_serve')])
    await eventually('both sides have ended', () => exchanges().length >= 2, signal)
    const names = exchanges().map(({ root }) => root.name)
    expect(names).toEqual(expect.arrayContaining(['sync', 'sync_serve']))
    const peers = new Set(exchanges().map(({ root }) => root.attributes['peer']))
    expect(peers).toEqual(new Set([installer.id, publisher.id]))
  })

  test('has traces of its own: pieces', async ({ signal }) => {
    const { id, installer, served } = await startPair(signal)
    const { bytes } = await installer.install([id])
    await eventually('they were served', () => rootsOf(served, 'piece_serve').length > 0, signal)
    const [trace] = rootsOf(served, 'piece_serve')
    expect(trace?.root.attributes).toMatchObject({ peer: installer.id, relayed: false, refused: false })
    expect(Number(trace?.root.attributes['bytes'])).toBeGreaterThan(bytes)
  })
})

test('the bootstrap lasts until the first direct peer', async ({ signal }) => {
  const { publisher, recording } = await startPair(signal)
  await eventually('it has ended', () => rootsOf(recording, 'bootstrap').length > 0, signal)
  const [trace] = rootsOf(recording, 'bootstrap')
  if (trace === undefined) return
  expect(trace.root.attributes).toEqual({ relays: 0, known_peers: 0, outcome: 'direct-peer' })
  expect(pathsOf(trace)).toEqual(expect.arrayContaining(['bootstrap > node_start', 'bootstrap > first_direct_peer']))
  expect(oneOf(trace, 'first_direct_peer')).toEqual({ found: true, peer: publisher.id })
  expect(strays(trace)).toEqual([])
})

test('commands that the page polls have no traces', async ({ signal }) => {
  const { installer, recording } = await startPair(signal)
  const before = recording.started.filter((name) => name === 'command').length
  await installer.status()
  await installer.metrics()
  await installer.percentiles()
  await installer.traces(10)
  await installer.samples()
  await installer.objectives()
  await installer.telemetry()
  await installer.reputation()
  await installer.peers()
  await installer.library()
  await installer.flush()
  await installer.wake('online')
  expect(recording.started.filter((name) => name === 'command')).toHaveLength(before)
})

test('whatever people do, each part lies within the span that it belongs to', async ({ signal }) => {
  const action = fc.record({
    by: fc.nat(2),
    what: fc.constantFrom('publish', 'install', 'lookup', 'look up nothing', 'search', 'search peers'),
    slug: fc.constantFrom('kit', 'tool', 'gone'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 10 }), async (actions) => {
      const recordings = [recordTraces(), recordTraces(), recordTraces()]
      const peers = await Promise.all(recordings.map(({ tracer }, n) => network.start(`peer ${n}`, { tracer })))
      try {
        const [first, second, third] = peers as [EnginePeer, EnginePeer, EnginePeer]
        const { id } = await first.publish('kit', '1.0.0', { 'a.bin': new Uint8Array(300_000).fill(1) })
        await Promise.all([second.meet(first), third.meet(second)])
        const act = async ({ by, what, slug }: (typeof actions)[0], n: number): Promise<unknown> => {
          const peer = peers[by] as EnginePeer
          if (what === 'publish') return peer.publish(slug, `1.0.${n + 1}`)
          if (what === 'install') return peer.install([slug])
          if (what === 'lookup') return peer.lookup(id)
          if (what === 'look up nothing') return peer.lookup(`${first.publisherId}/${slug}-${n}`)
          return peer.search({ text: slug, remote: what === 'search peers' })
        }
        // At the same time, so that they share work.
        await Promise.allSettled(actions.map(act))
        const commands = recordings.flatMap(({ started }) => started.filter((name) => name === 'command'))
        const ended = (): number =>
          recordings.flatMap(({ traces }) => traces.filter(({ root }) => root.name === 'command')).length
        await eventually('all traces have finished', () => ended() === commands.length, signal)
        const found = recordings.flatMap(({ traces }) => traces.flatMap(strays))
        expect(found).toEqual([])
      } finally {
        await Promise.all(peers.map(network.leave))
      }
    }),
    { seed: 7, numRuns: 8 },
  )
})
