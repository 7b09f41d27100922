import type { Stream } from '@libp2p/interface'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { type ContentNetwork, type ContentPeer, createContentNetwork } from '../testing/content-peers.ts'
import { failureName } from '../testing/store-compliance.ts'
import { fetchContent } from './fetch.ts'
import type { FetchDependencies, FetchProgress } from './fetch-options.ts'

/** Fetches over streams that are reported as relayed; the streams themselves are ordinary ones. */

const pieceBytes = 262_144
const pieces = 12

let network: ContentNetwork
let client: ContentPeer
beforeAll(() => {
  network = createContentNetwork()
})
beforeEach(async () => {
  client = await network.peer()
})
afterAll(() => network.stop())

type Path = 'open' | 'possible' | 'failed'

/** Providers of one content of twelve pieces, with a mutable direct-connection state for each. */
const startProviders = async (paths: Path[], { maxBytes = Number.POSITIVE_INFINITY } = {}) => {
  const bytes = Uint8Array.from({ length: pieces * pieceBytes }, (_, n) => (n * 7 + (n >> 8) * 31 + (n >> 16)) & 0xff)
  const peers = await Promise.all(paths.map(() => network.peer()))
  let root: Uint8Array = new Uint8Array()
  for (const { content, store } of peers) {
    const staged = await content.stage([{ path: 'a.bin', bytes }])
    await store.write(content.changes(staged))
    root = staged.root
  }
  const pathOf = new Map(peers.map(({ id }, at) => [id, paths[at] ?? 'failed']))
  const relayed = new WeakSet<Stream>()
  const opened: { peer: string; relayed: boolean; bytes: number | undefined }[] = []
  const base = network.dependencies(client, peers)
  const deps: FetchDependencies = {
    ...base,
    async openStream(peer, signal, wanted) {
      const stream = await base.openStream(peer, signal)
      const isRelayed = pathOf.get(peer) !== 'open'
      if (isRelayed) relayed.add(stream)
      opened.push({ peer, relayed: isRelayed, bytes: wanted })
      return stream
    },
    relayed: {
      maxBytes,
      isRelayed: (stream) => relayed.has(stream),
      directPath: (peer) => pathOf.get(peer) ?? 'failed',
    },
  }
  return { deps, peers, root, pathOf, opened, expected: { size: bytes.length, fileCount: 1 }, reports: base.reports }
}

describe('a fetch over relayed connections', () => {
  test('fetches all pieces, reports relayed progress, and passes the expected size when opening a stream', async () => {
    const { deps, root, opened, expected } = await startProviders(['failed'])
    const seen: FetchProgress[] = []
    await fetchContent(
      root,
      { ...deps, relayed: { ...relayedOf(deps), maxBytes: 16_000_000 } },
      { operation: untraced(), expected, onProgress: (progress) => seen.push({ ...progress }) },
    )
    expect(await client.content.has(root)).toBe(true)
    expect(seen.some(({ state, relayed }) => state === 'fetching' && relayed === true)).toBe(true)
    expect(opened[0]?.bytes).toBe(expected.size)
  })

  test('uses at most two relayed sources', async () => {
    const { deps, root, peers } = await startProviders(['failed', 'failed', 'failed', 'failed', 'possible'])
    await fetchContent(root, deps, { operation: untraced() })
    expect(await client.content.has(root)).toBe(true)
    expect(peers.filter(({ served }) => served.some(({ kind }) => kind === 'sent')).length).toBeLessThanOrEqual(2)
  })

  test('moves to a direct connection that opens midway, without refetching a piece', async () => {
    const { deps, root, pathOf, peers, opened } = await startProviders(['possible'])
    const peer = peers[0]?.id ?? ''
    const paths: boolean[] = []
    const openStream: FetchDependencies['openStream'] = async (...given) => {
      const stream = await deps.openStream(...given)
      let receivedBytes = 0
      stream.addEventListener('message', ({ data }) => {
        receivedBytes += data.byteLength
        if (receivedBytes > pieceBytes) pathOf.set(peer, 'open')
      })
      return stream
    }
    await fetchContent(
      root,
      { ...deps, openStream },
      { operation: untraced(), onProgress: ({ relayed = false }) => void paths.push(relayed) },
    )
    expect(opened.map(({ relayed }) => relayed)).toEqual([true, false])
    expect(paths.at(-1)).toBe(false)
    const sent = peers[0]?.served.filter(({ kind }) => kind === 'sent').length ?? 0
    // Each piece once, plus the manifest.
    expect(sent).toBe(pieces + 1)
  })

  test('resumes after the relay closes the connection, without reporting the peer', async () => {
    const { deps, root, opened, reports } = await startProviders(['failed'])
    const openStream: FetchDependencies['openStream'] = async (...given) => {
      const stream = await deps.openStream(...given)
      let receivedBytes = 0
      const onMessage = ({ data }: { data: { byteLength: number } }): void => {
        receivedBytes += data.byteLength
        if (receivedBytes > 5 * pieceBytes && opened.length < 3) stream.abort(new Error('relay data limit reached'))
      }
      stream.addEventListener('message', onMessage)
      return stream
    }
    await fetchContent(root, { ...deps, openStream }, { operation: untraced(), limits: { retryDelayMs: 10 } })
    expect(await client.content.has(root)).toBe(true)
    expect(opened.length).toBeGreaterThan(1)
    expect(reports.filter(({ kind }) => kind !== 'piece')).toEqual([])
  })
})

describe('content too large for a relay', () => {
  test('fails with TooLargeForRelay before requesting a piece when no direct connection is possible', async () => {
    const { deps, root, expected, peers } = await startProviders(['failed', 'failed'], { maxBytes: 1_000_000 })
    const failure = await fetchContent(root, deps, { operation: untraced(), expected }).catch((error: Error) => error)
    expect(failure).toMatchObject({ name: 'TooLargeForRelay', reason: { missing: 3_145_728, limit: 1_000_000 } })
    const sent = peers.flatMap(({ served }) => served.filter(({ kind }) => kind === 'sent'))
    expect(sent.every(({ bytes }) => bytes < pieceBytes)).toBe(true)
  })

  test('waits for a possible direct connection, and is fetched over it', async () => {
    const { deps, root, expected, pathOf, peers, opened } = await startProviders(['possible'], { maxBytes: 1_000_000 })
    const fetching = fetchContent(root, deps, {
      operation: untraced(),
      expected,
      onProgress({ relayed = false }) {
        if (relayed) pathOf.set(peers[0]?.id ?? '', 'open')
      },
    })
    await fetching
    expect(opened.map(({ relayed }) => relayed)).toEqual([true, false])
  })

  test('is fetched only from the peer with a direct connection', async () => {
    const { deps, root, expected, peers } = await startProviders(['failed', 'failed', 'open'], { maxBytes: 1_000_000 })
    await fetchContent(root, deps, { operation: untraced(), expected })
    const serving = peers.map(({ served }) => served.some(({ bytes }) => bytes === pieceBytes))
    expect(serving).toEqual([false, false, true])
  })

  test('stops waiting when a possible direct connection does not open in time', async () => {
    const { deps, root, expected } = await startProviders(['possible'], { maxBytes: 1_000_000 })
    const limits = { waitForProvidersMs: 500 }
    expect(await failureName(fetchContent(root, deps, { operation: untraced(), expected, limits }))).toBe(
      'TooLargeForRelay',
    )
  })

  test('counts only the missing bytes of partially stored content', async () => {
    const { deps, root, expected, pathOf, peers } = await startProviders(['open'], { maxBytes: 2_000_000 })
    const stop = new AbortController()
    await fetchContent(root, deps, {
      expected,
      operation: untraced(stop.signal),
      onProgress: ({ bytes }) => bytes >= 6 * pieceBytes && stop.abort(),
    }).catch(() => {})
    pathOf.set(peers[0]?.id ?? '', 'failed')
    await fetchContent(root, deps, { operation: untraced(), expected })
    expect(await client.content.has(root)).toBe(true)
  })
})

const relayedOf = ({ relayed }: FetchDependencies): NonNullable<FetchDependencies['relayed']> => {
  if (relayed === undefined) throw new Error('dependencies without relayed connections')
  return relayed
}
