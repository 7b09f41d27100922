import { readFileSync } from 'node:fs'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { type GossipSub, gossipsub, type Message } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, ServiceMap, Transport } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toRaw } from '../../relay/replay-announcements.ts'
import { createKadRpc } from '../dht/kad-rpc.ts'
import { topicScore } from '../stack/limits.ts'
import { untraced } from '../telemetry/operation.ts'
import { isRefusedUntilNextListener, reservationStore } from './circuit-relay.ts'
import { muxerOf, requireConnectionInternals, transportConnection } from './connection.ts'
import * as gossip from './gossipsub.ts'
import { pinnedVersions } from './internals.ts'
import { disableTableRefresh, localShare, routingTable, watchRejectedPuts } from './kad-dht.ts'
import { webSockets } from './websockets.ts'
import { yamux } from './yamux.ts'

/** Each hook exists and takes effect on real nodes of the pinned versions. */

const nodes: Libp2p[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

let addresses = 0

const create = async <Services extends ServiceMap>(options: Libp2pOptions<Services>): Promise<Libp2p<Services>> => {
  addresses += 1
  const node = await createLibp2p<Services>({
    start: false,
    addresses: { listen: [`/memory/internals-${addresses}`] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    ...options,
  })
  nodes.push(node)
  return node
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('the pinned versions are those of package.json', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> }
  for (const [library, version] of Object.entries(pinnedVersions))
    expect([library, dependencies[library]]).toEqual([library, version])
})

describe('connections', () => {
  test('expose their transport connection and a muxer that opens streams without a protocol', async () => {
    const [one, two] = [await create({}), await create({})]
    const stop = requireConnectionInternals(one)
    await Promise.all([one.start(), two.start()])
    const connection = await one.dial(two.getMultiaddrs())
    expect(connection.status).toBe('open')
    expect((await muxerOf(connection).createStream()).protocol).toBe('')
    expect(transportConnection(connection)).toHaveProperty('remoteAddr')
    stop()
  })
})

describe('kad-dht', () => {
  const protocol = '/internals/kad'
  const createDht = (prepare: (dht: KadDHT) => void = () => {}) =>
    create<{ identify: Identify; ping: Ping; dht: KadDHT }>({
      services: {
        identify: identify(),
        ping: ping(),
        dht: (components: Parameters<ReturnType<typeof kadDHT>>[0]) => {
          const dht = kadDHT({
            protocol,
            clientMode: false,
            peerInfoMapper: passthroughMapper,
            validators: {
              test: async (_key, value) => {
                if (value[0] === 0) throw new Error('refused')
              },
            },
            selectors: { test: () => 0 },
            allowQueryWithZeroPeers: true,
          })(components)
          prepare(dht)
          return dht
        },
      },
    })

  test('exposes its routing table for reading and changing', async () => {
    const [one, two] = [await createDht(), await createDht()]
    await Promise.all([one.start(), two.start()])
    await one.dial(two.getMultiaddrs())
    const table = routingTable(one.services.dht)
    await vi.waitFor(() => expect(table.size).toBe(1))
    expect((await table.find(two.peerId))?.equals(two.peerId)).toBe(true)
    expect(table.closestPeers(new Uint8Array(32), { count: 20 }).map(String)).toEqual([String(two.peerId)])
    await table.remove(two.peerId)
    expect(table.size).toBe(0)
    await table.add(two.peerId)
    expect(table.size).toBe(1)
  })

  test('exposes its own records and providers', async () => {
    const node = await createDht()
    await node.start()
    const share = localShare(node.services.dht)
    const rpc = createKadRpc(node, protocol)
    await rpc.own.putValue(bytes('/test/key'), bytes('value'))
    expect((await share.contentFetching.getLocal(bytes('/test/key'))).value).toEqual(bytes('value'))
    const cid = CID.createV1(0x55, await sha256.digest(bytes('content')))
    await share.providers.addProvider(cid, node.peerId)
    expect((await share.providers.getProviders(cid)).map(String)).toEqual([String(node.peerId)])
  })

  test('reports peer, key and error of a rejected put, which stays rejected', async () => {
    const rejected: unknown[] = []
    const [one, two] = [
      await createDht((dht) =>
        watchRejectedPuts(dht, (peer, { key }, error) => rejected.push([peer, key, String(error)])),
      ),
      await createDht(),
    ]
    await Promise.all([one.start(), two.start()])
    await two.dial(one.getMultiaddrs())
    const rpc = createKadRpc(two, protocol)
    const target = { id: String(one.peerId), distance: new Uint8Array(32), addresses: [] }
    const put = (value: Uint8Array) =>
      rpc.putValue(target, bytes('/test/key'), value, untraced(AbortSignal.timeout(10_000)))
    expect(await put(Uint8Array.of(1))).toBe(true)
    expect(rejected).toEqual([])
    expect(await put(Uint8Array.of(0))).toBe(false)
    expect(rejected).toEqual([[String(two.peerId), bytes('/test/key'), 'Error: refused']])
  })

  // Version 16.4.5 refreshes only on request, because it never starts its timer; an upgrade may fix that.
  test.each([true, false])('refreshes its table unless disabled (%s)', async (disabled) => {
    const refreshes = vi.fn(() => [])
    const node = await createDht((dht) => {
      Reflect.set(Reflect.get(dht, 'routingTableRefresh'), '_getTrackedCommonPrefixLengthsForRefresh', refreshes)
      if (disabled) disableTableRefresh(dht)
    })
    await node.start()
    await node.services.dht.refreshRoutingTable()
    expect(refreshes).toHaveBeenCalledTimes(disabled ? 0 : 1)
  })
})

describe('gossipsub', () => {
  const topic = 'internals'
  const createPubsub = async (prepare: (pubsub: GossipSub) => void = () => {}) => {
    const node = await create<{ identify: Identify; pubsub: GossipSub }>({
      services: {
        identify: identify(),
        pubsub: (components: Parameters<ReturnType<typeof gossipsub>>[0]) => {
          const pubsub = gossipsub({
            allowPublishToZeroTopicPeers: true,
            // No messages by IHAVE.
            gossipFactor: 0,
            Dlazy: 0,
            scoreParams: { topics: { [topic]: topicScore } },
            heartbeatInterval: 100,
          })(components)
          prepare(pubsub)
          return pubsub
        },
      },
    })
    const received: string[] = []
    const messages: Message[] = []
    const { pubsub } = node.services
    pubsub.addEventListener('message', ({ detail }) => {
      messages.push(detail)
      received.push(new TextDecoder().decode(detail.data))
    })
    await node.start()
    pubsub.subscribe(topic)
    return { node, pubsub, id: String(node.peerId), received, messages }
  }
  type Peer = Awaited<ReturnType<typeof createPubsub>>
  const connect = (one: Peer, other: Peer) => one.node.dial(other.node.getMultiaddrs())
  const meet = async (one: Peer, other: Peer): Promise<void> => {
    await connect(one, other)
    const follows = (peer: Peer, id: string) => peer.pubsub.getSubscribers(topic).some((each) => String(each) === id)
    await vi.waitFor(() => expect([follows(one, other.id), follows(other, one.id)]).toEqual([true, true]))
  }

  test('handles only frames and messages that pass the filter', async () => {
    const frames: string[] = []
    const receiver = await createPubsub((pubsub) =>
      gossip.filterInbound(pubsub, {
        async *frames(peer, all, stream) {
          for await (const frame of all) {
            frames.push(`${peer} ${stream.direction}`)
            yield frame
          }
        },
        messages: (_peer, all) => all.filter(({ data }) => data?.[0] !== bytes('drop')[0]),
      }),
    )
    const sender = await createPubsub()
    await meet(sender, receiver)
    await sender.pubsub.publish(topic, bytes('drop'))
    await sender.pubsub.publish(topic, bytes('keep'))
    await vi.waitFor(() => expect(receiver.received).toContain('keep'))
    expect(receiver.received).toEqual(['keep'])
    expect(new Set(frames)).toEqual(new Set([`${sender.id} inbound`]))
  })

  test('lowers the score of a peer for a counted invalid message', async () => {
    const [one, other] = [await createPubsub(), await createPubsub()]
    await meet(one, other)
    gossip.countInvalidMessage(one.pubsub, other.id, topic)
    // gossipsub caches a score for a second.
    await vi.waitFor(() => expect(Reflect.get(one.pubsub, 'score').score(other.id)).toBeLessThan(0))
  })

  test('opens its stream to a peer on schedule', async () => {
    const opens: [string, () => Promise<void>][] = []
    const one = await createPubsub((pubsub) =>
      gossip.scheduleOutboundStreams(pubsub, (peer, open) => opens.push([String(peer), open])),
    )
    const other = await createPubsub()
    await connect(one, other)
    await vi.waitFor(() => expect(opens).not.toHaveLength(0))
    expect(gossip.hasOutboundStream(one.pubsub, other.id)).toBe(false)
    const [[peer, open] = [undefined, undefined]] = opens
    await open?.()
    expect(peer).toBe(other.id)
    expect(gossip.hasOutboundStream(one.pubsub, other.id)).toBe(true)
  })

  test('sends signed messages of others to a single peer', async () => {
    const [publisher, relay, newcomer] = [await createPubsub(), await createPubsub(), await createPubsub()]
    await meet(publisher, relay)
    await publisher.pubsub.publish(topic, bytes('news'))
    await vi.waitFor(() => expect(relay.received).toEqual(['news']))
    await meet(relay, newcomer)
    const raw = relay.messages.flatMap((message) => toRaw(message) ?? [])
    expect(gossip.sendMessages(relay.pubsub, 'nobody', raw)).toBe(false)
    expect(newcomer.received).toEqual([])
    expect(gossip.sendMessages(relay.pubsub, newcomer.id, raw)).toBe(true)
    await vi.waitFor(() => expect(newcomer.received).toEqual(['news']))
  })

  test('publishes a message again only after forgetPublished', async () => {
    const { pubsub } = await createPubsub((each) => {
      // Identical data is the same message.
      Reflect.set(each, 'msgIdFn', ({ data }: { data: Uint8Array }) => data)
    })
    await pubsub.publish(topic, bytes('news'))
    await expect(pubsub.publish(topic, bytes('news'))).rejects.toThrow('Duplicate')
    await gossip.forgetPublished(pubsub, topic, bytes('news'))
    await pubsub.publish(topic, bytes('news'))
  })

  test('exposes its mesh peers', async () => {
    const [one, other] = [await createPubsub(), await createPubsub()]
    expect(gossip.meshPeers(one.pubsub, topic)).toEqual([])
    await meet(one, other)
    await vi.waitFor(() => expect(gossip.meshPeers(one.pubsub, topic)).toEqual([other.id]))
  })
})

describe('circuit-relay', () => {
  test('reserves at a relay through its store and rejects others until a listener needs one', async () => {
    const overWebSockets = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, transports: [webSockets()] }
    const services = { identify: identify(), relay: circuitRelayServer() }
    const relay = await create({ ...overWebSockets, services })
    const another = await create({ ...overWebSockets, services })
    const noRelay = await create({ ...overWebSockets, services: { identify: identify() } })
    let transport: Transport | undefined
    const node = await create({
      addresses: { listen: ['/p2p-circuit'] },
      transports: [
        webSockets(),
        (components: Parameters<ReturnType<typeof circuitRelayTransport>>[0]) => {
          transport = circuitRelayTransport()({ ...parts(components), randomWalk: { walk: nobody } })
          return transport
        },
      ],
      services: { identify: identify() },
    })
    await Promise.all([relay, another, noRelay, node].map((each) => each.start()))
    if (transport === undefined) throw new Error('There is no transport.')
    const store = reservationStore(transport)
    const reserve = async (at: Libp2p): Promise<unknown> => {
      await node.dial(at.getMultiaddrs())
      return store.addRelay(at.peerId, 'discovered').catch((error: unknown) => error)
    }
    expect(isRefusedUntilNextListener(await reserve(noRelay))).toBe(false)
    expect(isRefusedUntilNextListener(await reserve(noRelay))).toBe(true)
    await reserve(relay)
    expect(node.getMultiaddrs().map(String)).toEqual([expect.stringContaining(`/p2p/${relay.peerId}/p2p-circuit`)])
    expect(isRefusedUntilNextListener(await reserve(another))).toBe(true)
  })

  /** Lists the components one by one, because libp2p's proxy cannot be spread. */
  const parts = (components: Parameters<ReturnType<typeof circuitRelayTransport>>[0]) => ({
    peerId: components.peerId,
    upgrader: components.upgrader,
    addressManager: components.addressManager,
    connectionGater: components.connectionGater,
    peerStore: components.peerStore,
    connectionManager: components.connectionManager,
    transportManager: components.transportManager,
    registrar: components.registrar,
    events: components.events,
    logger: components.logger,
  })

  async function* nobody(): AsyncGenerator<never> {}
})
