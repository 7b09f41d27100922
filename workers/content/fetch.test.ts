import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { rootToText } from '../protocol/ids.ts'
import { manifestCodec } from '../protocol/manifest.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { runOperation, untraced } from '../telemetry/operation.ts'
import { type ContentNetwork, type ContentPeer, createContentNetwork } from '../testing/content-peers.ts'
import { failureName, isSame } from '../testing/store-compliance.ts'
import { recordTraces, spansOf, strays } from '../testing/trace-recording.ts'
import type { StagedContent } from './content-store.ts'
import { fetchContent } from './fetch.ts'
import type { FetchProgress } from './fetch-options.ts'
import { pieceKey } from './piece-keys.ts'

const pieceBytes = 262_144
const patterned = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 31 + (index >> 16) * 13 + seed) & 0xff)

const files = [
  { path: 'README.md', bytes: patterned(3_000, 2) },
  { path: 'empty', bytes: new Uint8Array() },
  { path: 'large.bin', bytes: patterned(9 * pieceBytes + 77, 3) },
  { path: 'medium.bin', bytes: patterned(2 * pieceBytes, 4) },
  { path: 'small.txt', bytes: patterned(10, 5) },
]

let network: ContentNetwork
let client: ContentPeer

beforeAll(() => {
  network = createContentNetwork()
})
beforeEach(async () => {
  client = await network.peer()
})
afterAll(() => network.stop())

const hold = async ({ content, store }: ContentPeer, given = files): Promise<StagedContent> => {
  const staged = await content.stage(given)
  await store.write(content.changes(staged))
  return staged
}

const startProviders = async (count: number): Promise<{ peers: ContentPeer[]; staged: StagedContent }> => {
  const peers = await Promise.all(Array.from({ length: count }, () => network.peer()))
  const staged = await Promise.all(peers.map((peer) => hold(peer)))
  const [first] = staged
  if (first === undefined) throw new Error('at least one provider expected')
  return { peers, staged: first }
}

/** Expects all files to be stored byte for byte. */
const expectWhole = async ({ content }: ContentPeer, root: Uint8Array): Promise<void> => {
  expect(await content.has(root)).toBe(true)
  for (const { path, bytes } of files) expect(isSame(await content.readFile(root, path), bytes)).toBe(true)
  expect(await content.verify(root)).toEqual([])
}

/** Expects every stored piece to be an intact piece of the content. */
const expectOnlyVerified = async (store: Store, { root, pieces }: StagedContent): Promise<number> => {
  const entries = await store.entries('pieces')
  for (const [key, bytes] of entries) {
    const index = pieces.findIndex((_, at) => pieceKey(root, at) === key)
    expect(isSame(bytes, pieces[index] ?? new Uint8Array())).toBe(true)
  }
  return entries.length
}

test.each([1, 2, 3])('fetches content from %i peers', async (count) => {
  const { peers, staged } = await startProviders(count)
  const deps = network.dependencies(client, peers)
  const seen: FetchProgress[] = []
  const result = await fetchContent(staged.root, deps, {
    operation: untraced(),
    onProgress: (progress) => seen.push({ ...progress }),
  })
  await expectWhole(client, staged.root)
  expect(result.bytes).toBe(staged.size)
  expect(deps.reports.filter(({ kind }) => kind !== 'piece')).toEqual([])
  expect(deps.reports).toHaveLength(staged.pieces.length)
  expect(seen[0]).toEqual({ state: 'finding', bytes: 0, totalBytes: 0, sources: 0 })
  expect(seen.at(-1)).toMatchObject({ state: 'verifying', bytes: staged.size, totalBytes: staged.size })
  expect(seen.every(({ bytes }, at) => at === 0 || bytes >= (seen[at - 1]?.bytes ?? 0))).toBe(true)
})

test('fetches a package of one empty file', async () => {
  const provider = await network.peer()
  const { root } = await hold(provider, [{ path: 'empty', bytes: new Uint8Array() }])
  const { bytes } = await fetchContent(root, network.dependencies(client, [provider]), { operation: untraced() })
  expect(bytes).toBe(0)
  expect(await client.content.readFile(root, 'empty')).toEqual(new Uint8Array())
})

test('fetches nothing when the content is complete', async () => {
  const staged = await hold(client)
  const deps = network.dependencies(client, [])
  const result = await fetchContent(staged.root, deps, { operation: untraced(), limits: { waitForProvidersMs: 0 } })
  expect(result).toMatchObject({ bytes: 0, sources: 0 })
})

test('bans a source that sends corrupt pieces, reports it once, and fetches the pieces elsewhere', async () => {
  const dishonest = await network.peer({
    tamper: (content) => ({
      manifestBytes: content.manifestBytes,
      piece: async (root, index) => (await content.piece(root, index))?.fill(0, 0, 4),
    }),
  })
  const staged = await hold(dishonest)
  const { peers } = await startProviders(1)
  const deps = network.dependencies(client, [dishonest, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(client, staged.root)
  const violations = deps.reports.filter(({ kind }) => kind === 'violation')
  expect(violations.map(({ peer }) => peer)).toEqual([dishonest.id])
  expect(deps.reports.filter(({ peer, kind }) => peer === dishonest.id && kind === 'piece')).toEqual([])
})

test('its spans tell what each source sent and how it ended', async ({ signal }) => {
  const dishonest = await network.peer({
    tamper: (content) => ({
      manifestBytes: content.manifestBytes,
      piece: async (root, index) => (await content.piece(root, index))?.fill(0, 0, 4),
    }),
  })
  const empty = await network.peer()
  const staged = await hold(dishonest)
  const { peers } = await startProviders(1)
  const honest = peers[0] as ContentPeer
  const deps = network.dependencies(client, [dishonest, empty, 'nobody', honest])
  const { tracer, traces } = recordTraces()
  await runOperation(tracer, 'install', signal, (operation) => fetchContent(staged.root, deps, { operation }))
  await vi.waitUntil(() => traces.length > 0)
  const [trace] = traces
  if (trace === undefined) return
  expect(strays(trace)).toEqual([])
  expect(spansOf(trace, 'fetch').map(({ attributes }) => attributes)).toEqual([
    { root: rootToText(staged.root), bytes: staged.size, sources: 1 },
  ])
  const sources = spansOf(trace, 'piece_source').map(({ attributes }) => attributes)
  const outcomesOf = (peer: string) => sources.filter((each) => each['peer'] === peer).map((each) => each['outcome'])
  expect(outcomesOf(dishonest.id)).toEqual(['violation'])
  expect(outcomesOf('nobody')).toContain('failed')
  expect(outcomesOf(honest.id)).toEqual(['done'])
  expect(sources.find((each) => each['peer'] === honest.id)).toMatchObject({
    bytes: staged.size,
    pieces: staged.pieces.length,
  })
  expect(sources.every((each) => each['peer'] === honest.id || each['pieces'] === 0)).toBe(true)
})

test('bans a source that sends another manifest', async () => {
  const dishonest = await network.peer({
    tamper: ({ piece, manifestBytes }) => ({
      piece,
      manifestBytes: async (root) => (await manifestBytes(root))?.fill(1, 10, 20),
    }),
  })
  await hold(dishonest)
  const { peers, staged } = await startProviders(1)
  const deps = network.dependencies(client, [dishonest, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  expect(deps.reports.filter(({ kind }) => kind === 'violation').map(({ peer }) => peer)).toEqual([dishonest.id])
})

test('fails with ContentUnavailable when all sources are dishonest, and keeps none of their bytes', async () => {
  const dishonest = await network.peer({
    tamper: (content) => ({
      manifestBytes: content.manifestBytes,
      piece: async (root, index) => (await content.piece(root, index))?.reverse(),
    }),
  })
  const staged = await hold(dishonest)
  const deps = network.dependencies(client, [dishonest])
  const fetching = fetchContent(staged.root, deps, { operation: untraced(), limits: { waitForProvidersMs: 300 } })
  expect(await failureName(fetching)).toBe('ContentUnavailable')
  expect(await client.store.keys('pieces')).toEqual([])
})

test('continues with another provider when one disconnects midway', async () => {
  // Serves a few pieces, then stalls until it disconnects.
  const vanishing = await network.peer({
    tamper: ({ manifestBytes, piece }) => ({
      manifestBytes,
      piece: (root, index) => (index < 4 ? piece(root, index) : new Promise(() => {})),
    }),
  })
  const staged = await hold(vanishing)
  const other = await network.peer()
  await hold(other)
  // The second provider is found only after the first has disconnected.
  const deps = {
    ...network.dependencies(client, []),
    async *findProviders() {
      yield vanishing.id
      if (vanishing.node.status !== 'started') yield other.id
    },
  }
  await fetchContent(staged.root, deps, {
    operation: untraced(),
    onProgress: ({ bytes }) => {
      if (bytes === 4 * pieceBytes) void vanishing.node.stop()
    },
  })
  await expectWhole(client, staged.root)
  expect(deps.reports.some(({ peer, kind }) => peer === vanishing.id && kind === 'piece')).toBe(true)
  expect(deps.reports.some(({ peer, kind }) => peer === vanishing.id && kind === 'failed')).toBe(true)
  expect(deps.reports.some(({ peer, kind }) => peer === other.id && kind === 'piece')).toBe(true)
  expect(other.served.length).toBeLessThan(staged.pieces.length)
})

test('a stalled source does not delay completion', async () => {
  const slow = await network.peer({
    tamper: ({ manifestBytes }) => ({ manifestBytes, piece: () => new Promise(() => {}) }),
  })
  await hold(slow)
  const { peers, staged } = await startProviders(1)
  const deps = network.dependencies(client, [slow, ...peers])
  // The stall timeout is an hour, so only the endgame can complete the fetch.
  await fetchContent(staged.root, deps, {
    operation: untraced(),
    limits: { stallTimeoutMs: 3_600_000, answerTimeoutMs: 3_600_000 },
  })
  await expectWhole(client, staged.root)
  expect(deps.reports.filter(({ kind }) => kind === 'violation')).toEqual([])
})

test('drops a stalled source and requests its pieces from another', async () => {
  const stalling = await network.peer({
    tamper: ({ manifestBytes, piece }) => ({
      manifestBytes,
      piece: (root, index) => (index > 2 ? new Promise(() => {}) : piece(root, index)),
    }),
  })
  const staged = await hold(stalling)
  const other = await network.peer()
  await hold(other)
  let searches = 0
  const deps = {
    ...network.dependencies(client, []),
    async *findProviders() {
      searches += 1
      yield stalling.id
      if (searches > 1) yield other.id
    },
  }
  await fetchContent(staged.root, deps, { operation: untraced(), limits: { stallTimeoutMs: 100 } })
  await expectWhole(client, staged.root)
  expect(deps.reports.some(({ peer, kind }) => peer === stalling.id && kind === 'failed')).toBe(true)
})

test('combines the pieces of partial providers', async () => {
  const half = await network.peer()
  const staged = await hold(half)
  const other = await network.peer()
  await hold(other)
  for (const index of staged.pieces.keys()) {
    const from = index % 2 === 0 ? half : other
    await from.store.write([{ table: 'pieces', key: pieceKey(staged.root, index), value: undefined }])
  }
  await fetchContent(staged.root, network.dependencies(client, [half, other]), { operation: untraced() })
  await expectWhole(client, staged.root)
})

test('reports a provider that sends 10 MB of garbage, and uses another', async () => {
  const garbage = await network.peer({
    handler: (stream) => {
      stream.addEventListener('message', () => {
        if (stream.status === 'open') stream.send(new Uint8Array(10_000_000).fill(0xa5))
      })
    },
  })
  const { peers, staged } = await startProviders(1)
  const deps = network.dependencies(client, [garbage, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(client, staged.root)
  expect(deps.reports.filter(({ kind }) => kind === 'violation').map(({ peer }) => peer)).toEqual([garbage.id])
})

test('waits a bounded time for providers, and reports the bytes kept', async () => {
  const staged = await client.content.stage(files)
  const missing = fetchContent(staged.root, network.dependencies(client, []), {
    operation: untraced(),
    limits: { waitForProvidersMs: 300 },
  })
  await expect(missing).rejects.toMatchObject({
    name: 'ContentUnavailable',
    reason: { code: 'content-unavailable', peers: 0, root: rootToText(staged.root) },
  })

  await client.content.putManifest(staged.root, staged.manifestBytes)
  const first = await client.content.checkPiece(staged.manifest, 0, staged.pieces[0] ?? new Uint8Array())
  if (first !== undefined) await client.content.putPieces(staged.root, [first])
  const partial = fetchContent(staged.root, network.dependencies(client, ['nobody']), {
    operation: untraced(),
    limits: { waitForProvidersMs: 300 },
  })
  await expect(partial).rejects.toMatchObject({
    name: 'ContentUnavailable',
    reason: { peers: 1, kept: pieceBytes, size: staged.size },
  })
})

test('finds a provider that appears while it waits', async () => {
  const { peers, staged } = await startProviders(1)
  let searches = 0
  const deps = {
    ...network.dependencies(client, []),
    async *findProviders() {
      searches += 1
      if (searches === 1) throw new Error('the network is down')
      for (const { id } of peers) yield id
    },
  }
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(client, staged.root)
  expect(searches).toBe(2)
})

test('times out a stream that does not open, and aborts it if it opens later', async () => {
  const { peers, staged } = await startProviders(1)
  const deps = network.dependencies(client, ['hanging', ...peers])
  const late = Promise.withResolvers<Awaited<ReturnType<typeof deps.openStream>>>()
  const { openStream } = deps
  deps.openStream = (peer, signal) => (peer === 'hanging' ? late.promise : openStream(peer, signal))
  await fetchContent(staged.root, deps, { operation: untraced(), limits: { openTimeoutMs: 20 } })
  const stream = await openStream(peers[0]?.id ?? '', untraced())
  late.resolve(stream)
  await vi.waitFor(() => expect(stream.status).toBe('aborted'))
})

test('a cancelled fetch keeps its pieces, leaves no timer or stream, and can be resumed', async () => {
  const { peers, staged } = await startProviders(1)
  const cancel = new AbortController()
  const deps = network.dependencies(client, peers)
  const set = vi.spyOn(globalThis, 'setTimeout')
  const repeated = vi.spyOn(globalThis, 'setInterval')
  const cleared = vi.spyOn(globalThis, 'clearInterval')
  const fetching = fetchContent(staged.root, deps, {
    operation: untraced(cancel.signal),
    onProgress: ({ bytes }) => {
      if (bytes >= 3 * pieceBytes) cancel.abort()
    },
  })
  expect(await failureName(fetching)).toBe('Cancelled')
  expect(repeated.mock.results.map(({ value }) => value)).toEqual(cleared.mock.calls.map(([timer]) => timer))
  set.mockRestore()
  repeated.mockRestore()
  cleared.mockRestore()
  const streams = client.node.getConnections().flatMap((connection) => connection.streams)
  expect(streams.filter(({ status }) => status === 'open')).toEqual([])
  const kept = await expectOnlyVerified(client.store, staged)
  expect(kept).toBeGreaterThanOrEqual(3)
  expect(kept).toBeLessThan(staged.pieces.length)

  const { bytes } = await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(client, staged.root)
  expect(bytes).toBeLessThan(staged.size)
  expect(await failureName(fetchContent(staged.root, deps, { operation: untraced(AbortSignal.abort()) }))).toBe(
    'Cancelled',
  )
})

test('can be cancelled during a provider lookup', async () => {
  const { root } = await client.content.stage(files)
  const cancel = new AbortController()
  const deps = {
    ...network.dependencies(client, []),
    // Never ends and ignores its signal.
    async *findProviders(): AsyncGenerator<string> {
      cancel.abort()
      await new Promise(() => {})
    },
  }
  expect(await failureName(fetchContent(root, deps, { operation: untraced(cancel.signal) }))).toBe('Cancelled')
})

test('resumes after a reload with the stored pieces, and refetches a damaged one', async () => {
  const { peers, staged } = await startProviders(1)
  await client.content.putManifest(staged.root, staged.manifestBytes)
  for (const index of [0, 1, 5, 6]) {
    const checked = await client.content.checkPiece(staged.manifest, index, staged.pieces[index] ?? new Uint8Array())
    if (checked !== undefined) await client.content.putPieces(staged.root, [checked])
  }
  await client.store.write([{ table: 'pieces', key: pieceKey(staged.root, 5), value: patterned(pieceBytes, 9) }])
  const { bytes } = await fetchContent(staged.root, network.dependencies(client, peers), { operation: untraced() })
  await expectWhole(client, staged.root)
  expect(bytes).toBe(staged.size - 3 * pieceBytes)
})

test('fails with QuotaExceeded midway, and stores only verified pieces', async () => {
  const store = createMemoryStore({ quotaBytes: 9 * pieceBytes })
  const small = await network.peer({ store })
  const { peers, staged } = await startProviders(2)
  expect(
    await failureName(fetchContent(staged.root, network.dependencies(small, peers), { operation: untraced() })),
  ).toBe('QuotaExceeded')
  expect(await expectOnlyVerified(store, staged)).toBeGreaterThan(0)
  expect(await small.content.has(staged.root)).toBe(false)
})

test('fails with the failure of the store', async () => {
  const { peers, staged } = await startProviders(1)
  await client.store.close()
  expect(
    await failureName(fetchContent(staged.root, network.dependencies(client, peers), { operation: untraced() })),
  ).toBe('StorageUnavailable')
})

test.each([['large.bin'], ['small.txt'], ['empty']])(
  'a manifest with a wrong hash for %s is rejected, and nothing is kept',
  async (path) => {
    const provider = await network.peer()
    const staged = await provider.content.stage(files)
    const manifestBytes = manifestCodec.encode({
      ...staged.manifest,
      files: staged.manifest.files.map((entry) =>
        entry.path === path ? { ...entry, sha256: new Uint8Array(32) } : entry,
      ),
    })
    const root = await webCrypto.sha256(manifestBytes)
    await provider.store.write(provider.content.changes({ ...staged, root, manifestBytes }))
    const deps = network.dependencies(client, [provider])
    await expect(fetchContent(root, deps, { operation: untraced() })).rejects.toMatchObject({
      name: 'FileInvalid',
      reason: { code: 'fetched-file-mismatch', path },
    })
    expect(await client.store.keys('pieces')).toEqual([])
    expect(await client.store.keys('manifests')).toEqual([])
    // The provider is not at fault: it served the bytes that the root commits to.
    expect(deps.reports.filter(({ kind }) => kind === 'violation')).toEqual([])
  },
)

test('rejects a root that does not commit to a manifest', async () => {
  const garbage = patterned(500)
  const root = await webCrypto.sha256(garbage)
  const provider = await network.peer({ tamper: ({ piece }) => ({ piece, manifestBytes: async () => garbage }) })
  expect(
    await failureName(fetchContent(root, network.dependencies(client, [provider]), { operation: untraced() })),
  ).toBe('RecordMalformed')
})

test('tries the best-ranked providers first', async () => {
  const { peers, staged } = await startProviders(3)
  const tried: string[] = []
  const deps = network.dependencies(client, peers)
  const { openStream } = deps
  const found = Promise.withResolvers<void>()
  deps.openStream = async (peer, signal) => {
    tried.push(peer)
    if (peer === 'unknown') await found.promise
    return openStream(peer, signal)
  }
  const ranked = { ...deps, rank: (ids: readonly string[]) => ids.toSorted() }
  // The first provider blocks until all are found, so that the ranking decides the next.
  ranked.findProviders = async function* () {
    yield 'unknown'
    yield* peers.map(({ id }) => id)
    found.resolve()
  }
  await fetchContent(staged.root, ranked, { operation: untraced(), limits: { maxSources: 1 } })
  expect(tried.filter((peer) => peer !== 'unknown')).toEqual([peers.map(({ id }) => id).toSorted()[0]])
})
