import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { rootToText } from '../protocol/ids.ts'
import { manifestCodec } from '../protocol/manifest.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { untraced } from '../telemetry/operation.ts'
import { type ContentNetwork, type ContentPeer, createContentNetwork } from '../testing/content-peers.ts'
import { failureName, isSame } from '../testing/store-compliance.ts'
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
let asker: ContentPeer

beforeAll(() => {
  network = createContentNetwork()
})
beforeEach(async () => {
  asker = await network.peer()
})
afterAll(() => network.stop())

const hold = async ({ content, store }: ContentPeer, given = files): Promise<StagedContent> => {
  const staged = await content.stage(given)
  await store.write(content.changes(staged))
  return staged
}

const holders = async (count: number): Promise<{ peers: ContentPeer[]; staged: StagedContent }> => {
  const peers = await Promise.all(Array.from({ length: count }, () => network.peer()))
  const staged = await Promise.all(peers.map((peer) => hold(peer)))
  const [first] = staged
  if (first === undefined) throw new Error('at least one peer holds it')
  return { peers, staged: first }
}

/** All files are at the asker, byte for byte. */
const expectWhole = async ({ content }: ContentPeer, root: Uint8Array): Promise<void> => {
  expect(await content.has(root)).toBe(true)
  for (const { path, bytes } of files) expect(isSame(await content.readFile(root, path), bytes)).toBe(true)
  expect(await content.verify(root)).toEqual([])
}

/** Every piece in a store is one of the content, whole. */
const expectOnlyChecked = async (store: Store, { root, pieces }: StagedContent): Promise<number> => {
  const entries = await store.entries('pieces')
  for (const [key, bytes] of entries) {
    const index = pieces.findIndex((_, at) => pieceKey(root, at) === key)
    expect(isSame(bytes, pieces[index] ?? new Uint8Array())).toBe(true)
  }
  return entries.length
}

test.each([1, 2, 3])('brings content from %i peers', async (count) => {
  const { peers, staged } = await holders(count)
  const deps = network.dependencies(asker, peers)
  const seen: FetchProgress[] = []
  const result = await fetchContent(staged.root, deps, {
    operation: untraced(),
    onProgress: (progress) => seen.push({ ...progress }),
  })
  await expectWhole(asker, staged.root)
  expect(result.bytes).toBe(staged.size)
  expect(deps.reports.filter(({ kind }) => kind !== 'piece')).toEqual([])
  expect(deps.reports).toHaveLength(staged.pieces.length)
  expect(seen[0]).toEqual({ state: 'finding', bytes: 0, totalBytes: 0, sources: 0 })
  expect(seen.at(-1)).toMatchObject({ state: 'verifying', bytes: staged.size, totalBytes: staged.size })
  expect(seen.every(({ bytes }, at) => at === 0 || bytes >= (seen[at - 1]?.bytes ?? 0))).toBe(true)
})

test('brings a package of one empty file', async () => {
  const holder = await network.peer()
  const { root } = await hold(holder, [{ path: 'empty', bytes: new Uint8Array() }])
  const { bytes } = await fetchContent(root, network.dependencies(asker, [holder]), { operation: untraced() })
  expect(bytes).toBe(0)
  expect(await asker.content.readFile(root, 'empty')).toEqual(new Uint8Array())
})

test('asks nobody for what is here already', async () => {
  const staged = await hold(asker)
  const deps = network.dependencies(asker, [])
  const result = await fetchContent(staged.root, deps, { operation: untraced(), limits: { waitForProvidersMs: 0 } })
  expect(result).toMatchObject({ bytes: 0, sources: 0 })
})

test('drops a liar at once, tells of it once, and gets the piece elsewhere', async () => {
  const liar = await network.peer({
    tamper: (content) => ({
      manifestBytes: content.manifestBytes,
      piece: async (root, index) => (await content.piece(root, index))?.fill(0, 0, 4),
    }),
  })
  const staged = await hold(liar)
  const { peers } = await holders(1)
  const deps = network.dependencies(asker, [liar, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(asker, staged.root)
  const violations = deps.reports.filter(({ kind }) => kind === 'violation')
  expect(violations.map(({ peer }) => peer)).toEqual([liar.id])
  expect(deps.reports.filter(({ peer, kind }) => peer === liar.id && kind === 'piece')).toEqual([])
})

test('drops a peer that gives another manifest', async () => {
  const liar = await network.peer({
    tamper: ({ piece, manifestBytes }) => ({
      piece,
      manifestBytes: async (root) => (await manifestBytes(root))?.fill(1, 10, 20),
    }),
  })
  await hold(liar)
  const { peers, staged } = await holders(1)
  const deps = network.dependencies(asker, [liar, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  expect(deps.reports.filter(({ kind }) => kind === 'violation').map(({ peer }) => peer)).toEqual([liar.id])
})

test('with nobody but liars it fails by name, and keeps nothing that they sent', async () => {
  const liar = await network.peer({
    tamper: (content) => ({
      manifestBytes: content.manifestBytes,
      piece: async (root, index) => (await content.piece(root, index))?.reverse(),
    }),
  })
  const staged = await hold(liar)
  const deps = network.dependencies(asker, [liar])
  const fetching = fetchContent(staged.root, deps, { operation: untraced(), limits: { waitForProvidersMs: 300 } })
  expect(await failureName(fetching)).toBe('ContentUnavailable')
  expect(await asker.store.keys('pieces')).toEqual([])
})

test('goes on with another peer when a provider vanishes half-way', async () => {
  // It gives a few pieces, then nothing until it is gone.
  const vanishing = await network.peer({
    tamper: ({ manifestBytes, piece }) => ({
      manifestBytes,
      piece: (root, index) => (index < 4 ? piece(root, index) : new Promise(() => {})),
    }),
  })
  const staged = await hold(vanishing)
  const other = await network.peer()
  await hold(other)
  // The other one is found only after the first has gone.
  const deps = {
    ...network.dependencies(asker, []),
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
  await expectWhole(asker, staged.root)
  expect(deps.reports.some(({ peer, kind }) => peer === vanishing.id && kind === 'piece')).toBe(true)
  expect(deps.reports.some(({ peer, kind }) => peer === vanishing.id && kind === 'failed')).toBe(true)
  expect(deps.reports.some(({ peer, kind }) => peer === other.id && kind === 'piece')).toBe(true)
  expect(other.served.length).toBeLessThan(staged.pieces.length)
})

test('a provider that holds pieces back does not hold the end', async () => {
  const slow = await network.peer({
    tamper: ({ manifestBytes }) => ({ manifestBytes, piece: () => new Promise(() => {}) }),
  })
  await hold(slow)
  const { peers, staged } = await holders(1)
  const deps = network.dependencies(asker, [slow, ...peers])
  // The slow one would be given up after an hour: it is the endgame that ends this.
  await fetchContent(staged.root, deps, {
    operation: untraced(),
    limits: { stallTimeoutMs: 3_600_000, answerTimeoutMs: 3_600_000 },
  })
  await expectWhole(asker, staged.root)
  expect(deps.reports.filter(({ kind }) => kind === 'violation')).toEqual([])
})

test('a provider that stops answering is given up, and its pieces are asked of another', async () => {
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
    ...network.dependencies(asker, []),
    async *findProviders() {
      searches += 1
      yield stalling.id
      if (searches > 1) yield other.id
    },
  }
  await fetchContent(staged.root, deps, { operation: untraced(), limits: { stallTimeoutMs: 100 } })
  await expectWhole(asker, staged.root)
  expect(deps.reports.some(({ peer, kind }) => peer === stalling.id && kind === 'failed')).toBe(true)
})

test('takes from a provider what it holds, and the rest from another', async () => {
  const half = await network.peer()
  const staged = await hold(half)
  const other = await network.peer()
  await hold(other)
  for (const index of staged.pieces.keys()) {
    const from = index % 2 === 0 ? half : other
    await from.store.write([{ table: 'pieces', key: pieceKey(staged.root, index), value: undefined }])
  }
  await fetchContent(staged.root, network.dependencies(asker, [half, other]), { operation: untraced() })
  await expectWhole(asker, staged.root)
})

test('10 MB of garbage from a provider is a violation, and another is asked', async () => {
  const garbage = await network.peer({
    handler: (stream) => {
      stream.addEventListener('message', () => {
        if (stream.status === 'open') stream.send(new Uint8Array(10_000_000).fill(0xa5))
      })
    },
  })
  const { peers, staged } = await holders(1)
  const deps = network.dependencies(asker, [garbage, ...peers])
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(asker, staged.root)
  expect(deps.reports.filter(({ kind }) => kind === 'violation').map(({ peer }) => peer)).toEqual([garbage.id])
})

test('waits for providers, a bounded time, and says what is kept', async () => {
  const staged = await asker.content.stage(files)
  const missing = fetchContent(staged.root, network.dependencies(asker, []), {
    operation: untraced(),
    limits: { waitForProvidersMs: 300 },
  })
  await expect(missing).rejects.toMatchObject({
    name: 'ContentUnavailable',
    reason: { code: 'content-unavailable', peers: 0, root: rootToText(staged.root) },
  })

  await asker.content.putManifest(staged.root, staged.manifestBytes)
  const first = await asker.content.checkPiece(staged.manifest, 0, staged.pieces[0] ?? new Uint8Array())
  if (first !== undefined) await asker.content.putPieces(staged.root, [first])
  const rest = fetchContent(staged.root, network.dependencies(asker, ['nobody']), {
    operation: untraced(),
    limits: { waitForProvidersMs: 300 },
  })
  await expect(rest).rejects.toMatchObject({
    name: 'ContentUnavailable',
    reason: { peers: 1, kept: pieceBytes, size: staged.size },
  })
})

test('finds a provider that comes while it waits', async () => {
  const { peers, staged } = await holders(1)
  let searches = 0
  const deps = {
    ...network.dependencies(asker, []),
    async *findProviders() {
      searches += 1
      if (searches === 1) throw new Error('the network is down')
      for (const { id } of peers) yield id
    },
  }
  await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(asker, staged.root)
  expect(searches).toBe(2)
})

test('gives up a stream that never opens, and aborts one that opens too late', async () => {
  const { peers, staged } = await holders(1)
  const deps = network.dependencies(asker, ['hanging', ...peers])
  const late = Promise.withResolvers<Awaited<ReturnType<typeof deps.openStream>>>()
  const { openStream } = deps
  deps.openStream = (peer, signal) => (peer === 'hanging' ? late.promise : openStream(peer, signal))
  await fetchContent(staged.root, deps, { operation: untraced(), limits: { openTimeoutMs: 20 } })
  const stream = await openStream(peers[0]?.id ?? '', untraced())
  late.resolve(stream)
  await vi.waitFor(() => expect(stream.status).toBe('aborted'))
})

test('a cancelled fetch keeps what came, leaves no timer and no stream, and goes on later', async () => {
  const { peers, staged } = await holders(1)
  const cancel = new AbortController()
  const deps = network.dependencies(asker, peers)
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
  const streams = asker.node.getConnections().flatMap((connection) => connection.streams)
  expect(streams.filter(({ status }) => status === 'open')).toEqual([])
  const kept = await expectOnlyChecked(asker.store, staged)
  expect(kept).toBeGreaterThanOrEqual(3)
  expect(kept).toBeLessThan(staged.pieces.length)

  const { bytes } = await fetchContent(staged.root, deps, { operation: untraced() })
  await expectWhole(asker, staged.root)
  expect(bytes).toBeLessThan(staged.size)
  expect(await failureName(fetchContent(staged.root, deps, { operation: untraced(AbortSignal.abort()) }))).toBe(
    'Cancelled',
  )
})

test('cancel works while nobody is found', async () => {
  const { root } = await asker.content.stage(files)
  const cancel = new AbortController()
  const deps = {
    ...network.dependencies(asker, []),
    // Never ends and heeds no signal.
    async *findProviders(): AsyncGenerator<string> {
      cancel.abort()
      await new Promise(() => {})
    },
  }
  expect(await failureName(fetchContent(root, deps, { operation: untraced(cancel.signal) }))).toBe('Cancelled')
})

test('goes on after a reload with what was stored, and mends a piece that was damaged meanwhile', async () => {
  const { peers, staged } = await holders(1)
  await asker.content.putManifest(staged.root, staged.manifestBytes)
  for (const index of [0, 1, 5, 6]) {
    const checked = await asker.content.checkPiece(staged.manifest, index, staged.pieces[index] ?? new Uint8Array())
    if (checked !== undefined) await asker.content.putPieces(staged.root, [checked])
  }
  await asker.store.write([{ table: 'pieces', key: pieceKey(staged.root, 5), value: patterned(pieceBytes, 9) }])
  const { bytes } = await fetchContent(staged.root, network.dependencies(asker, peers), { operation: untraced() })
  await expectWhole(asker, staged.root)
  expect(bytes).toBe(staged.size - 3 * pieceBytes)
})

test('a quota that is exceeded half-way is named, and what is stored are whole checked pieces', async () => {
  const store = createMemoryStore({ quotaBytes: 9 * pieceBytes })
  const small = await network.peer({ store })
  const { peers, staged } = await holders(2)
  expect(
    await failureName(fetchContent(staged.root, network.dependencies(small, peers), { operation: untraced() })),
  ).toBe('QuotaExceeded')
  expect(await expectOnlyChecked(store, staged)).toBeGreaterThan(0)
  expect(await small.content.has(staged.root)).toBe(false)
})

test('a store that fails ends the fetch with its failure', async () => {
  const { peers, staged } = await holders(1)
  await asker.store.close()
  expect(
    await failureName(fetchContent(staged.root, network.dependencies(asker, peers), { operation: untraced() })),
  ).toBe('StorageUnavailable')
})

test.each([['large.bin'], ['small.txt'], ['empty']])(
  'a manifest that lies about %s is named, and nothing of it is kept',
  async (path) => {
    const holder = await network.peer()
    const staged = await holder.content.stage(files)
    const manifestBytes = manifestCodec.encode({
      ...staged.manifest,
      files: staged.manifest.files.map((entry) =>
        entry.path === path ? { ...entry, sha256: new Uint8Array(32) } : entry,
      ),
    })
    const root = await webCrypto.sha256(manifestBytes)
    await holder.store.write(holder.content.changes({ ...staged, root, manifestBytes }))
    const deps = network.dependencies(asker, [holder])
    await expect(fetchContent(root, deps, { operation: untraced() })).rejects.toMatchObject({
      name: 'FileInvalid',
      reason: { code: 'fetched-file-mismatch', path },
    })
    expect(await asker.store.keys('pieces')).toEqual([])
    expect(await asker.store.keys('manifests')).toEqual([])
    // The peer that brought it did nothing wrong.
    expect(deps.reports.filter(({ kind }) => kind === 'violation')).toEqual([])
  },
)

test('content that is no manifest is named', async () => {
  const garbage = patterned(500)
  const root = await webCrypto.sha256(garbage)
  const holder = await network.peer({ tamper: ({ piece }) => ({ piece, manifestBytes: async () => garbage }) })
  expect(await failureName(fetchContent(root, network.dependencies(asker, [holder]), { operation: untraced() }))).toBe(
    'RecordMalformed',
  )
})

test('asks the best peers first', async () => {
  const { peers, staged } = await holders(3)
  const asked: string[] = []
  const deps = network.dependencies(asker, peers)
  const { openStream } = deps
  const found = Promise.withResolvers<void>()
  deps.openStream = async (peer, signal) => {
    asked.push(peer)
    if (peer === 'unknown') await found.promise
    return openStream(peer, signal)
  }
  const ranked = { ...deps, rank: (ids: readonly string[]) => ids.toSorted() }
  // Found one by one, the first would be asked before the others are known.
  ranked.findProviders = async function* () {
    yield 'unknown'
    yield* peers.map(({ id }) => id)
    found.resolve()
  }
  await fetchContent(staged.root, ranked, { operation: untraced(), limits: { maxSources: 1 } })
  expect(asked.filter((peer) => peer !== 'unknown')).toEqual([peers.map(({ id }) => id).toSorted()[0]])
})
