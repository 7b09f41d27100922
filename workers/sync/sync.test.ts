import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, test, vi } from 'vitest'
import { SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createTestCatalogue, entry, sha256 } from '../testing/test-catalogue.ts'
import { recordTraces } from '../testing/trace-recording.ts'
import type { ExchangeResult } from './exchange.ts'
import { startSync } from './sync.ts'

/** Real connections: WebSockets, noise, yamux. */

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

const startNode = async (): Promise<Libp2p> => {
  const node = await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
  stops.push(async () => node.stop())
  return node
}

const openStream = (node: Libp2p, peer: string, protocol: string) => {
  const connection = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
  if (connection === undefined) throw new Error(`${peer} is not connected`)
  return connection.newStream(protocol)
}

const startPeer = async (numbers: readonly number[], tracer = noTelemetry.tracer) => {
  const node = await startNode()
  const catalogue = createTestCatalogue(numbers.map((n) => entry(n, 'release', 300)))
  const outcomes: { peer: string; outcome: ExchangeResult | { failure: unknown } }[] = []
  const waiting = new Set<() => void>()
  const sync = await startSync({
    telemetry: { ...noTelemetry, tracer },
    directComes: false,
    node,
    catalogue: catalogue.catalogue,
    sha256,
    random: () => 0.5,
    openStream: async (peer, protocol) => openStream(node, peer, protocol),
    onExchange(peer, outcome) {
      outcomes.push({ peer, outcome })
      for (const look of waiting) look()
    },
  })
  stops.push(sync.stop)
  return {
    node,
    sync,
    outcomes,
    ...catalogue,
    /** Resolves at the end of the first exchange after which the condition holds. */
    when: (holds: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

const count = (length: number, from = 0): number[] => Array.from({ length }, (_, n) => from + n)

const dial = async (from: { node: Libp2p }, to: { node: Libp2p }): Promise<void> => {
  const [address] = to.node.getMultiaddrs()
  if (address === undefined) throw new Error('the node has no address')
  await from.node.dial(address)
}

test('connected peers converge on the union and pass new entries on to a third', async () => {
  const [left, middle, right] = [await startPeer(count(3000)), await startPeer([]), await startPeer(count(50, 5000))]
  await dial(left, middle)
  await middle.when(() => middle.keys().length === 3000)
  await dial(right, middle)
  await Promise.all([left, middle, right].map((peer) => peer.when(() => peer.keys().length === 3050)))
  expect(middle.keys()).toEqual(left.keys())
  expect(right.keys()).toEqual(left.keys())

  // Not announced by gossip: the explicit sync delivers it.
  left.put(entry(9999, 'release', 300))
  left.sync.syncNow()
  await Promise.all([middle, right].map((peer) => peer.when(() => peer.keys().length === 3051)))
  expect(
    [left, middle, right].flatMap(({ outcomes }) => outcomes.filter(({ outcome }) => 'failure' in outcome)),
  ).toEqual([])
})

test('the spans of both sides tell what an exchange moved', async () => {
  const [one, other] = [recordTraces(), recordTraces()]
  const left = await startPeer(count(300), one.tracer)
  const right = await startPeer(count(20, 5000), other.tracer)
  await dial(left, right)
  await Promise.all([left, right].map((peer) => peer.when(() => peer.keys().length === 320)))
  const firstOf = ({ traces }: typeof one) =>
    traces.find(({ root }) => root.attributes['equal'] === false && root.failure === undefined)?.root
  await vi.waitUntil(() => [one, other].every((each) => firstOf(each) !== undefined))
  const [atLeft, atRight] = [firstOf(one), firstOf(other)]
  expect([atLeft?.name, atRight?.name].sort()).toEqual(['sync', 'sync_serve'])
  const common = { rejected: 0, equal: false, complete: true, bytes: expect.any(Number), turns: expect.any(Number) }
  const [leftId, rightId] = [left, right].map(({ node }) => node.peerId.toString())
  expect(atLeft?.attributes).toEqual({ ...common, peer: rightId, entries_in: 20, entries_out: 300 })
  expect(atRight?.attributes).toEqual({ ...common, peer: leftId, entries_in: 300, entries_out: 20 })
  // Both count the same messages; the lists are shorter than the entries that they lead to.
  expect(atLeft?.attributes['bytes']).toBe(atRight?.attributes['bytes'])
  expect(atLeft?.attributes['turns']).toBe(atRight?.attributes['turns'])
  expect(atLeft?.attributes['turns']).toBeGreaterThan(0)

  left.sync.syncNow()
  const isEqual = ({ traces }: typeof one): boolean => traces.some(({ root }) => root.attributes['equal'] === true)
  await vi.waitUntil(() => isEqual(one) && isEqual(other))
})

test('a sync with peers counts those that were given everything', async () => {
  const [left, right] = [await startPeer(count(10)), await startPeer([])]
  expect(await left.sync.syncWithPeers()).toBe(0)
  await dial(left, right)
  await right.when(() => right.keys().length === 10)
  left.put(entry(9999, 'release', 300))
  expect(await left.sync.syncWithPeers()).toBe(1)
  expect(right.keys()).toEqual(left.keys())
  // From now on it breaks off every exchange.
  await right.node.unhandle(SYNC_PROTOCOL)
  await right.node.handle(SYNC_PROTOCOL, (stream) => stream.abort(new Error('gone')))
  expect(await left.sync.syncWithPeers()).toBe(0)
})

test.each<[string, Uint8Array, string]>([
  ['garbage', new Uint8Array([3, 1, 2, 3]), 'RecordMalformed'],
  ['a length over the limit', new Uint8Array([0xff, 0xff, 0x7f, 0]), 'RecordTooLarge'],
])('%s from a peer is a named failure', async (_, bytes, name) => {
  const peer = await startPeer(count(100))
  const dishonest = await startNode()
  await dial({ node: dishonest }, peer)
  const stream = await openStream(dishonest, peer.node.peerId.toString(), SYNC_PROTOCOL)
  stream.send(bytes)
  const isReported = () => peer.outcomes.some(({ peer: from }) => from === dishonest.peerId.toString())
  await peer.when(isReported)
  const [reported] = peer.outcomes
  expect(reported?.outcome).toMatchObject({ failure: { name } })
})

test('a peer that leaves during an exchange is reported as unreachable', async () => {
  const peer = await startPeer(count(100))
  const other = await startNode()
  await dial({ node: other }, peer)
  const stream = await openStream(other, peer.node.peerId.toString(), SYNC_PROTOCOL)
  stream.abort(new Error('gone'))
  await peer.when(() => peer.outcomes.length > 0)
  expect(peer.outcomes[0]?.outcome).toMatchObject({ failure: { name: 'PeerUnreachable' } })
})

test('waits for the direct connection of a relayed peer, then syncs over the relay', async () => {
  vi.useFakeTimers()
  const opened: string[] = []
  let onConnect: (peer: string, connection: { limits?: object; timeline: { open: number } }) => void = () => {}
  const node = {
    peerId: 'a',
    getConnections: () => [],
    handle: async () => {},
    unhandle: async () => {},
    register: async (_protocol: string, topology: { onConnect: typeof onConnect }) => {
      onConnect = topology.onConnect
      return 'id'
    },
    unregister() {},
  }
  const sync = await startSync({
    telemetry: noTelemetry,
    node: node as never,
    directComes: true,
    catalogue: createTestCatalogue([]).catalogue,
    sha256,
    async openStream(peer) {
      opened.push(peer)
      throw new Error('The test needs no stream.')
    },
    onExchange() {},
    random: () => 0.5,
  })
  stops.push(sync.stop)

  const openNow = () => ({ timeline: { open: Date.now() } })
  onConnect('b', { ...openNow(), limits: {} })
  sync.syncNow()
  await vi.advanceTimersByTimeAsync(2_000)
  expect(opened).toEqual([])
  onConnect('b', openNow())
  await vi.advanceTimersByTimeAsync(0)
  expect(opened).toEqual(['b'])

  onConnect('c', { ...openNow(), limits: {} })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(opened).toEqual(['b'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(opened).toEqual(['b', 'c'])

  // Identify took as long as a direct connection would have, so there is no further wait.
  onConnect('d', { limits: {}, timeline: { open: Date.now() - 3_000 } })
  await vi.advanceTimersByTimeAsync(0)
  expect(opened).toEqual(['b', 'c', 'd'])
})
