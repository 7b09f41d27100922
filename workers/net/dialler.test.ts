import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test, vi } from 'vitest'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createDialler } from './dialler.ts'
import { createDirectPaths } from './direct-paths.ts'
import { dialableAddresses } from './heard-addresses.ts'

afterEach(() => vi.useRealTimers())

const relay = multiaddr('/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWM4UjZbpJQh7mzxEFoeC3sXDJr3aFjkbQh1yTHGrwX564')

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

/** A dialler whose dials never end unless `dial` is given; `found` is the number of direct peers at the start. */
const compose = async (found: number, { uncollected = 0, dial = (): Promise<never> => new Promise(() => {}) } = {}) => {
  const state = { found, uncollected }
  const dialled: string[] = []
  const friend = await newPeer()
  const events = new EventTarget()
  const relayed: string[] = []
  const paths = createDirectPaths(() => performance.now())
  const node = {
    peerId: await newPeer(),
    getConnections: () => [],
    dial(addresses: { toString(): string }[]) {
      dialled.push(String(addresses[0]).split('/').at(-1) ?? '')
      return dial()
    },
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  }
  const dialler = createDialler(
    {
      telemetry: noTelemetry,
      libp2p: node,
      isRelay: () => false,
      gater: { permit: () => () => {} },
      webRtc: true,
      dialable: (peer: string, heard: Multiaddr[]) =>
        dialableAddresses(heard, peer, { self: node.peerId.toString(), relays: [relay] }),
      paths,
      async dialRelayed(address: Multiaddr) {
        relayed.push(address.toString())
      },
    } as never,
    { directPeers: () => Array<PeerId>(state.found).fill(friend) } as never,
    {
      target: 12,
      avoid: () => false,
      onChange() {},
      rtcCounts: () => ({ uncollected: state.uncollected, limit: 400 }),
    },
  )
  const peers = await Promise.all(
    Array.from({ length: 6 }, async (): Promise<PeerInfo> => {
      const id = await newPeer()
      return { id, multiaddrs: [multiaddr(`${relay}/p2p-circuit/webrtc/p2p/${id}`)] }
    }),
  )
  return { dialler, dialled, peers, state, node, events, relayed, paths }
}

test('dials three peers at once, those with a higher id first', async () => {
  const { dialler, dialled, peers, node } = await compose(0)
  dialler.consider(peers, 'named')
  expect(dialled).toHaveLength(3)
  const higher = peers.filter(({ id }) => `${id}` > `${node.peerId}`).map(({ id }) => id.toString())
  expect(dialled.filter((peer) => higher.includes(peer))).toHaveLength(Math.min(3, higher.length))
  dialler.stop()
})

test('dials at most two known peers at once, so that a named peer does not wait', async () => {
  const { dialler, dialled, peers } = await compose(0)
  dialler.consider(peers.slice(0, 5), 'known')
  expect(dialled).toHaveLength(2)
  dialler.consider(peers.slice(5), 'named')
  expect(dialled.at(-1)).toBe(peers[5]?.id.toString())
  dialler.stop()
})

test('does not dial when there are enough peers', async () => {
  const { dialler, dialled, peers } = await compose(11)
  dialler.consider(peers, 'named')
  expect(dialled).toHaveLength(1)
  dialler.stop()
})

test('when the browser allows hardly any more WebRTC connections, only a tab with fewer than four peers dials', async () => {
  const { dialler, dialled, peers, state } = await compose(4, { uncollected: 300 })
  dialler.consider(peers, 'named')
  expect(dialled).toEqual([])
  state.found = 3
  dialler.pump()
  expect(dialled.length).toBeGreaterThan(0)
  expect(dialler.trouble()).toBe('webrtc-connections-scarce')
  state.uncollected = 299
  expect(dialler.trouble()).toBeUndefined()
  dialler.stop()
})

test('a peer without a reservation is retried once, and then only after it is named again', async () => {
  vi.useFakeTimers()
  const gone = new Error('failed to connect via relay with status NO_RESERVATION')
  const { dialler, dialled, peers } = await compose(0, { dial: () => Promise.reject(gone) })
  dialler.consider(peers.slice(0, 1), 'named')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(dialled).toHaveLength(2)
  dialler.consider(peers.slice(0, 1), 'named')
  expect(dialled).toHaveLength(3)
  dialler.stop()
})

test('a peer with a reservation is retried indefinitely', async () => {
  vi.useFakeTimers()
  const { dialler, dialled, peers } = await compose(0, { dial: () => Promise.reject(new Error('no path')) })
  dialler.consider(peers.slice(0, 1), 'named')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(dialled.length).toBeGreaterThan(5)
  dialler.stop()
})

test('one side replaces a relayed connection that its relay closed, while there is no direct path', async () => {
  const { dialler, peers, node, events, relayed, paths, state } = await compose(0)
  const closes = (id: PeerId, bytes: bigint): number => {
    const remoteAddr = multiaddr(`${relay}/p2p-circuit/p2p/${id}`)
    const detail = { remotePeer: id, remoteAddr, direct: false, limits: { bytes }, timeline: { open: Date.now() } }
    events.dispatchEvent(new CustomEvent('connection:close', { detail }))
    return relayed.splice(0).length
  }
  const isHigher = ({ id }: PeerInfo): boolean => `${id}` > `${node.peerId}`
  for (const peer of peers) {
    // A direct connection is being tried.
    expect(closes(peer.id, 0n)).toBe(0)
    paths.begin(peer.id.toString())('failed')
    expect(closes(peer.id, 0n)).toBe(isHigher(peer) ? 1 : 0)
    // The peer left, or the connection was not needed.
    expect(closes(peer.id, 16_000_000n)).toBe(0)
    state.found = 4
    expect(closes(peer.id, 0n)).toBe(0)
    state.found = 0
  }
  dialler.stop()
})
