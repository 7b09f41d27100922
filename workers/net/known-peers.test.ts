import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryStore } from '../store/memory-store.ts'
import { createKnownPeers, knownPeersCodec } from './known-peers.ts'

const relay = '/ip4/127.0.0.1/tcp/9001/ws/p2p/12D3KooWM4UjZbpJQh7mzxEFoeC3sXDJr3aFjkbQh1yTHGrwX564'
const day = 86_400_000

const newPeer = async (...more: string[]): Promise<PeerInfo> => {
  const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const addresses = [`${relay}/p2p-circuit/webrtc/p2p/${id}`, ...more]
  return { id, multiaddrs: addresses.map((address) => multiaddr(address)) }
}
const idsOf = (peers: readonly PeerInfo[]): string[] => peers.map(({ id }) => id.toString())

test('peers are restored with their relays, the last seen first', async () => {
  const store = createMemoryStore()
  let time = 1
  const before = createKnownPeers({ store, now: () => time })
  const [one, two] = [await newPeer(), await newPeer('/ip4/127.0.0.1/tcp/7/ws')]
  before.record([one])
  time = 2
  before.record([two])
  await before.stop()
  const found = await createKnownPeers({ store, now: () => 3 }).load()
  expect(idsOf(found)).toEqual(idsOf([two, one]))
  expect(found.map(({ multiaddrs }) => multiaddrs.map(String))).toEqual(
    [two, one].map(({ multiaddrs }) => multiaddrs.map(String)),
  )
})

test('relayed addresses are not kept, nor peers without other addresses', async () => {
  const store = createMemoryStore()
  const peers = createKnownPeers({ store, now: () => 1 })
  const peer = await newPeer()
  peers.record([{ id: peer.id, multiaddrs: [multiaddr(`${relay}/p2p-circuit/p2p/${peer.id}`)] }])
  await peers.stop()
  expect(await createKnownPeers({ store, now: () => 1 }).load()).toEqual([])
})

test('keeps the 48 peers seen last, without rule breakers and those not seen for long', async () => {
  const store = createMemoryStore()
  let time = 0
  const peers = createKnownPeers({ store, now: () => ++time })
  const all = await Promise.all(Array.from({ length: 60 }, () => newPeer()))
  for (const peer of all) peers.record([peer])
  peers.forget(all[59]?.id.toString() ?? '')
  await peers.stop()
  const found = await createKnownPeers({ store, now: () => 1_000 }).load()
  expect(idsOf(found)).toEqual(idsOf(all.slice(12, 59)).reverse())
  expect(await createKnownPeers({ store, now: () => 31 * day }).load()).toEqual([])
})

test('damaged bytes yield fewer peers and never an error', async () => {
  const store = createMemoryStore()
  const peers = createKnownPeers({ store, now: () => 1 })
  peers.record(await Promise.all([newPeer(), newPeer()]))
  await peers.stop()
  const good = (await store.get('peers', 'remembered')) ?? new Uint8Array()
  const load = async (value: Uint8Array) => {
    await store.write([{ table: 'peers', key: 'remembered', value }])
    return createKnownPeers({ store, now: () => 1 }).load()
  }
  expect(await load(good)).toHaveLength(2)
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
      expect((await load(good.map((each, place) => (place === at ? byte : each)))).length).toBeLessThanOrEqual(2)
    }),
    { seed: 1 },
  )
  for (const value of [new Uint8Array(), new Uint8Array(200_000), good.subarray(0, 40)])
    expect(await load(value)).toEqual([])
})

test('skips entries that are not peers, and addresses of other peers', async () => {
  const [peer, other] = [await newPeer(), await newPeer()]
  const entry = (id: string, addresses: string[]) => ({ id, addresses, seenAt: 1 })
  const store = createMemoryStore()
  const value = knownPeersCodec.encode({
    v: 1,
    peers: [
      entry('no peer', [relay]),
      entry(other.id.toString(), peer.multiaddrs.map(String)),
      entry(peer.id.toString(), ['nonsense', ...peer.multiaddrs.map(String)]),
    ],
  })
  await store.write([{ table: 'peers', key: 'remembered', value }])
  const found = await createKnownPeers({ store, now: () => 1 }).load()
  expect(found.map(({ id, multiaddrs }) => [id.toString(), ...multiaddrs.map(String)])).toEqual([
    [peer.id.toString(), ...peer.multiaddrs.map(String)],
  ])
})
