import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import {
  type Connection,
  type MultiaddrConnection,
  type Transport,
  TypedEventEmitter,
  type Upgrader,
} from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createRelay } from '../../relay/create-relay.ts'
import { createNode } from '../net/create-node.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { gossipsubInternals } from '../testing/gossipsub-internals.ts'
import { reservationStore, watchHops } from './circuit-relay.ts'
import { muxerOf, requireConnectionInternals, transportConnection } from './connection.ts'
import * as gossip from './gossipsub.ts'
import { InternalsChanged, type Library, pinnedVersions } from './internals.ts'
import { disableTableRefresh, localShare, routingTable, watchRejectedPuts } from './kad-dht.ts'
import { repeatInitEvents } from './webrtc-init-channel.ts'
import { onlyConnected, rtcStateOf } from './webrtc-state.ts'
import { webSockets } from './websockets.ts'

/** Behaviour with versions of libp2p whose internals have changed. */

/** The part that the libraries of the next node lack. */
const lacking = vi.hoisted(() => ({ library: '', path: '' }))

/** Wraps a factory so that its product lacks the part of this library. */
const withGap = vi.hoisted(
  () =>
    <Args extends unknown[], Made extends object>(
      library: string,
      create: (...args: Args) => (...args: never[]) => Made,
    ) =>
    (...args: Args) =>
    (...components: never[]): Made => {
      const made = create(...args)(...components)
      if (lacking.library !== library) return made
      const names = lacking.path.split('.')
      const last = names.pop() ?? ''
      const owner = names.reduce<object>((part, name) => Reflect.get(part, name), made)
      Object.defineProperty(owner, last, { value: undefined })
      return made
    },
)

vi.mock('@libp2p/kad-dht', async (original) => {
  const real = await original<typeof import('@libp2p/kad-dht')>()
  return { ...real, kadDHT: withGap('@libp2p/kad-dht', real.kadDHT) }
})
vi.mock('@libp2p/gossipsub', async (original) => {
  const real = await original<typeof import('@libp2p/gossipsub')>()
  return { ...real, gossipsub: withGap('@libp2p/gossipsub', real.gossipsub) }
})
vi.mock('@libp2p/circuit-relay-v2', async (original) => {
  const real = await original<typeof import('@libp2p/circuit-relay-v2')>()
  return { ...real, circuitRelayTransport: withGap('@libp2p/circuit-relay-v2', real.circuitRelayTransport) }
})

afterEach(() => {
  Object.assign(lacking, { library: '', path: '' })
})

const changed = (library: Library, missing: string) =>
  expect.objectContaining({
    name: 'InternalsChanged',
    library,
    missing,
    message: expect.stringContaining(`unlike version ${pinnedVersions[library]}`),
  })

const kadParts = [
  'routingTable.size',
  'routingTable.find',
  'routingTable.add',
  'routingTable.remove',
  'routingTable.closestPeers',
  'routingTableRefresh.refreshTable',
  'contentFetching.getLocal',
  'rpc.handleMessage',
  'rpc.handlers.PUT_VALUE.handle',
  'providers.getProviders',
  'providers.addProvider',
]

const gossipParts = [
  'createInboundStream',
  'createOutboundStream',
  'pipePeerReadStream',
  'handleReceivedRpc',
  'sendRpc',
  'getMeshPeers',
  'msgIdFn',
  'msgIdToStrFn',
  'streamsOutbound',
  'seenCache.entries',
  'score.rejectInvalidMessage',
]

describe('a node is not created', () => {
  const parts: [Library, string][] = [
    ...kadParts.map((path): [Library, string] => ['@libp2p/kad-dht', path]),
    ...gossipParts.map((path): [Library, string] => ['@libp2p/gossipsub', path]),
  ]

  test.each([...parts, ['@libp2p/circuit-relay-v2', 'reservationStore.addRelay'] as [Library, string]])(
    'when %s has no %s',
    async (library, path) => {
      Object.assign(lacking, { library, path })
      const creating = createNode({
        privateKey: await generateKeyPair('Ed25519'),
        relays: [],
        telemetry: noTelemetry,
        crypto: webCrypto,
        iceServers: [],
        webRtc: false,
      })
      await expect(creating).rejects.toEqual(changed(library, path))
    },
  )

  test.each(parts)('nor a relay, when %s has no %s', async (library, path) => {
    Object.assign(lacking, { library, path })
    const creating = createRelay({
      privateKey: await generateKeyPair('Ed25519'),
      host: '127.0.0.1',
      port: 0,
      announce: [],
      crypto: webCrypto,
      validateAnnouncement: async () => ({ verdict: 'new', checks: 0 }),
    })
    await expect(creating).rejects.toEqual(changed(library, path))
  })

  test('with WebRTC, when the channels of RTCPeerConnections are inaccessible', async () => {
    const creating = createNode({
      privateKey: await generateKeyPair('Ed25519'),
      telemetry: noTelemetry,
      relays: [],
      crypto: webCrypto,
      iceServers: [],
      webRtc: true,
    })
    await expect(creating).rejects.toEqual(changed('@libp2p/webrtc', 'RTCPeerConnection.prototype.createDataChannel'))
  })
})

describe('each hook fails with InternalsChanged when the internals of its library differ', () => {
  const dht = {} as KadDHT
  test.each<[string, () => unknown]>([
    ['routingTable', () => routingTable(dht)],
    ['localShare', () => localShare(dht)],
    ['disableTableRefresh', () => disableTableRefresh(dht)],
    ['watchRejectedPuts', () => watchRejectedPuts(dht, () => {})],
  ])('kad-dht: %s', (_name, hook) => {
    expect(hook).toThrow(InternalsChanged)
  })

  // Present, but of another type.
  const pubsub = { ...gossipsubInternals(), streamsOutbound: {} } as unknown as GossipSub
  test.each<[string, () => unknown]>([
    [
      'filterInbound',
      () => gossip.filterInbound(pubsub, { frames: (_peer, frames) => frames, messages: (_peer, all) => all }),
    ],
    ['countInvalidMessage', () => gossip.countInvalidMessage(pubsub, 'peer', 'topic')],
    ['scheduleOutboundStreams', () => gossip.scheduleOutboundStreams(pubsub, () => {})],
    ['hasOutboundStream', () => gossip.hasOutboundStream(pubsub, 'peer')],
    ['sendMessages', () => gossip.sendMessages(pubsub, 'peer', [])],
    ['meshPeers', () => gossip.meshPeers(pubsub, 'topic')],
  ])('gossipsub: %s', (_name, hook) => {
    expect(hook).toThrow(changed('@libp2p/gossipsub', 'streamsOutbound'))
  })

  test('gossipsub: forgetPublished', async () => {
    await expect(gossip.forgetPublished(pubsub, 'topic', new Uint8Array())).rejects.toThrow(InternalsChanged)
  })

  test.each(['handleReserve', 'handleConnect', 'stopHop'])('circuit-relay: %s of the server', (path) => {
    const server = Object.fromEntries(
      ['handleReserve', 'handleConnect', 'stopHop'].filter((name) => name !== path).map((name) => [name, () => {}]),
    )
    const watcher = { onReserve: () => () => {}, onConnect: () => () => {}, onOpen: () => () => {}, onBytes: () => {} }
    expect(() => watchHops(server as unknown as CircuitRelayService, watcher)).toThrow(
      changed('@libp2p/circuit-relay-v2', path),
    )
  })

  test('circuit-relay: reservationStore', () => {
    expect(() => reservationStore({} as Transport)).toThrow(InternalsChanged)
  })

  test('connections: muxerOf, transportConnection', () => {
    expect(() => muxerOf({} as Connection)).toThrow(changed('libp2p', 'muxer.createStream'))
    expect(() => transportConnection({} as Connection)).toThrow(changed('libp2p', 'maConn'))
  })

  test('webrtc: repeatInitEvents', () => {
    expect(() => repeatInitEvents()).toThrow(InternalsChanged)
  })

  test('webrtc: rtcStateOf, for a peer connection without a state', () => {
    expect(() => rtcStateOf({ maConn: { peerConnection: {} } } as never)).toThrow(
      changed('@libp2p/webrtc', 'peerConnection.connectionState'),
    )
  })
})

test('aborts a libp2p connection with changed internals and reports them in an uncaught error', () => {
  const node = new TypedEventEmitter()
  const stop = requireConnectionInternals(node as never)
  const uncaught: unknown[] = []
  // As an event target reports errors of listeners.
  const onUncaught = vi.spyOn(process, 'nextTick').mockImplementation((run) => {
    try {
      run()
    } catch (error) {
      uncaught.push(error)
    }
  })
  const abort = vi.fn()
  node.dispatchEvent(new CustomEvent('connection:open', { detail: { muxer: {}, maConn: {}, abort } }))
  onUncaught.mockRestore()
  expect(abort).toHaveBeenCalledWith(changed('libp2p', 'muxer.createStream'))
  expect(uncaught).toEqual([changed('libp2p', 'muxer.createStream')])
  stop()
  node.dispatchEvent(new CustomEvent('connection:open', { detail: { abort } }))
  expect(abort).toHaveBeenCalledTimes(1)
})

describe('a connection of a transport with changed internals is not upgraded', () => {
  const upgraded = vi.fn()
  const upgrader = { upgradeInbound: upgraded, upgradeOutbound: upgraded } as unknown as Upgrader
  const address = multiaddr('/ip4/127.0.0.1/tcp/1/ws')
  const dials =
    (connection: object) =>
    async (_address: unknown, options: { upgrader: Upgrader }): Promise<unknown> =>
      options.upgrader.upgradeOutbound(connection as MultiaddrConnection, {} as never)

  test('over WebRTC, when its state is inaccessible', async () => {
    const transport = onlyConnected(() => ({ dial: dials({}) }) as unknown as Transport, { upgrader })
    await expect(transport.dial(address, { upgrader, signal: AbortSignal.timeout(1_000) })).rejects.toEqual(
      changed('@libp2p/webrtc', 'peerConnection.connectionState'),
    )
    expect(upgraded).not.toHaveBeenCalled()
  })

  test('over WebSockets, when its methods cannot be replaced', async () => {
    const components = { logger: { forComponent: () => () => {} }, events: {} } as never
    const prototype = Object.getPrototypeOf(webSockets()(components))
    const dial = vi.spyOn(prototype, 'dial').mockImplementation(dials({ sendData() {}, async sendClose() {} }) as never)
    const transport = webSockets()(components)
    await expect(transport.dial(address, { upgrader, signal: AbortSignal.timeout(1_000) })).rejects.toEqual(
      changed('@libp2p/websockets', 'sendReset'),
    )
    dial.mockRestore()
    expect(upgraded).not.toHaveBeenCalled()
  })
})
