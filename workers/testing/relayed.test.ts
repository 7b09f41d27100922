import { afterEach, describe, expect, test } from 'vitest'
import { createContentStore } from '../content/content-store.ts'
import { fetchContent } from '../content/fetch.ts'
import type { FetchDependencies } from '../content/fetch-options.ts'
import { createPieceServer, pieceHandlerOptions } from '../content/piece-server.ts'
import { isDirect } from '../net/addresses.ts'
import { isRelayedStream } from '../net/pool/open-stream.ts'
import { PIECE_PROTOCOL } from '../protocol/protocols.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { createTestNetwork, type TestNode, until } from './relay-network.ts'

/** Content between two tabs without a direct path, over a real relay with its real limits. */

const network = createTestNetwork()
afterEach(() => network.stopAll())

const compose = async () => {
  const relay = await network.startRelay()
  const address = relay.addressFor(undefined)
  const [giver, taker] = [
    await network.startTab([address], { direct: false }),
    await network.startTab([address], { direct: false }),
  ]
  const reserved = (node: TestNode) => node.keeper.relays().some((each) => each.reserved)
  await until('both can be reached', () => reserved(giver) && reserved(taker))

  const served = createContentStore({ store: createMemoryStore(), crypto: webCrypto })
  const store = createMemoryStore()
  const given = createContentStore({ store, crypto: webCrypto })
  const server = createPieceServer({ telemetry: noTelemetry, content: given, report() {} })
  await giver.libp2p.handle(
    PIECE_PROTOCOL,
    (stream, connection) => server.handle(stream, connection.remotePeer.toString(), { relayed: !isDirect(connection) }),
    pieceHandlerOptions,
  )
  const reports: string[] = []
  const deps: FetchDependencies = {
    telemetry: noTelemetry,
    content: served,
    async *findProviders() {
      yield giver.libp2p.peerId.toString()
    },
    openStream: (peer, operation, bytes = 0) =>
      taker.pool.openStream(peer, PIECE_PROTOCOL, { operation, direct: false, bytes }),
    relayed: { maxBytes: relayedContentBytes, isRelayed: isRelayedStream, directPath: taker.pool.directPath },
    report: (_peer, { kind }) => reports.push(kind),
    now: () => performance.now(),
  }
  const hold = async (size: number, seed: number) => {
    const bytes = Uint8Array.from({ length: size }, (_, n) => (n * seed + (n >> 8) * 31 + (n >> 16)) & 0xff)
    const staged = await given.stage([{ path: 'a.bin', bytes }])
    await store.write(given.changes(staged))
    return { root: staged.root, expected: { size, fileCount: 1 } }
  }
  return { deps, served, hold, reports, taker, giver }
}

describe('two tabs without a direct path', () => {
  test('transfer contents beyond the budget of one relayed connection, without a ban', async () => {
    const { deps, served, hold, reports, taker } = await compose()
    const made = new Set<string>()
    taker.libp2p.addEventListener('connection:open', ({ detail }) => {
      if (!isDirect(detail)) made.add(detail.id)
    })
    for (const seed of [3, 5, 7]) {
      const { root, expected } = await hold(9_000_000, seed)
      await fetchContent(root, deps, { operation: untraced(), expected })
      expect(await served.has(root)).toBe(true)
    }
    expect(made.size).toBeGreaterThan(1)
    // A connection that its relay closes in the middle of a piece is a failure, not a violation.
    expect(reports).not.toContain('violation')
  }, 120_000)

  test('share the relay budget among three concurrent contents, which all arrive', async () => {
    const { deps, served, hold } = await compose()
    const wanted = [await hold(7_000_000, 3), await hold(7_000_000, 5), await hold(7_000_000, 7)]
    await Promise.all(wanted.map(({ root, expected }) => fetchContent(root, deps, { operation: untraced(), expected })))
    for (const { root } of wanted) expect(await served.has(root)).toBe(true)
  }, 120_000)

  test('reject content that is too large for the relay by name, before any of it is sent', async () => {
    const { deps, hold, reports } = await compose()
    const { root, expected } = await hold(relayedContentBytes + 1, 3)
    await expect(fetchContent(root, deps, { operation: untraced(), expected })).rejects.toMatchObject({
      name: 'TooLargeForRelay',
    })
    expect(reports).not.toContain('piece')
  }, 60_000)
})
