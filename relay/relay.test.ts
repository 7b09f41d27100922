import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { requestClosestPeers } from '../workers/dht/closest-peers.ts'
import { createKadRpc } from '../workers/dht/kad-rpc.ts'
import { createNode } from '../workers/net/create-node.ts'
import { createRelaySet } from '../workers/net/relay-set.ts'
import { readAnnouncement } from '../workers/protocol/announcement.ts'
import { KAD_PROTOCOL, PACKAGES_TOPIC } from '../workers/protocol/protocols.ts'
import { webCrypto } from '../workers/stack/web-crypto.ts'
import { noTelemetry } from '../workers/telemetry/no-telemetry.ts'
import { untraced } from '../workers/telemetry/operation.ts'
import { announcementOf, createForger, entriesOf } from '../workers/testing/forged-records.ts'
import { createTestNetwork, type TestNode, until } from '../workers/testing/relay-network.ts'
import type { Relay } from './create-relay.ts'

const network = createTestNetwork()
afterEach(network.stopAll)

const isReserved = (node: TestNode): boolean => node.keeper.relays().every(({ reserved }) => reserved)

const portOf = (relay: Relay): number => Number(relay.addressFor(undefined).split('/')[4])

/** Returns the address of a relay that does not run yet. */
const freeAddress = async (): Promise<{ address: string; port: number; privateKey: PrivateKey }> => {
  const privateKey = await generateKeyPair('Ed25519')
  const relay = await network.startRelay({ privateKey })
  const address = relay.addressFor(undefined)
  const port = portOf(relay)
  await relay.stop()
  return { address, port, privateKey }
}

describe('relay', () => {
  it('grants a reservation and lists the tab in the DHT at once', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const first = await network.startTab([address], { target: 0, direct: false })
    await until('the first tab is in the routing table', () => relay.health().routingTable === 1)
    const second = await network.startTab([address], { target: 0, direct: false })
    await until('the second tab has a reservation', () => isReserved(second))
    const found = await requestClosestPeers(
      createKadRpc(second.libp2p, KAD_PROTOCOL),
      relay.node.peerId,
      second.libp2p.peerId.toMultihash().bytes,
      untraced(AbortSignal.timeout(60_000)),
    )
    const one = found.find(({ id }) => id.equals(first.libp2p.peerId))
    expect(one?.multiaddrs.map(String)).toContain(`${address}/p2p-circuit`)
  })

  it('removes the reservation and routing table entry of a tab that has left', async () => {
    const relay = await network.startRelay()
    const node = await network.startTab([relay.addressFor(undefined)])
    await until('both exist', () => relay.health().routingTable === 1 && relay.health().reservations === 1)
    await node.stop()
    await until('both are removed', () => relay.health().reservations === 0 && relay.health().routingTable === 0)
  })

  it('admits 30 tabs at once', async () => {
    const relay = await network.startRelay()
    const tabs = await Promise.all(
      Array.from({ length: 30 }, () => network.startTab([relay.addressFor(undefined)], { target: 0, direct: false })),
    )
    await until('all have a reservation', () => tabs.every(isReserved))
    expect(relay.health()).toMatchObject({ peers: 30, reservations: 30 })
    // Each succeeded at the first attempt.
    expect(tabs.flatMap(({ failures }) => failures)).toEqual([])
  })

  it('keeps only the newest connection of a tab that reconnects while its old connection seems open', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const node = await network.startTab([address], { target: 0 })
    await until('it has a reservation', () => isReserved(node))
    const [older] = node.libp2p.getConnections(relay.node.peerId)
    const newer = await node.libp2p.dial(multiaddr(address), { force: true })
    await until('the older connection is closed', () => older?.status !== 'open')
    expect(newer.status).toBe('open')
    await until('it has a reservation again', () => isReserved(node) && relay.health().reservations === 1)
  })

  it('forwards only announcements that its validator finds new', async () => {
    const validated: string[] = []
    const slugOf = (announcement: ReturnType<typeof readAnnouncement>): string =>
      announcement.ok ? announcement.value.head.slug : ''
    const relay = await network.startRelay({
      validateAnnouncement: async (announcement) => {
        validated.push(slugOf(announcement))
        return { verdict: slugOf(announcement) === 'good' ? 'new' : 'invalid', checks: 1 }
      },
    })
    const mesh = new Set<string>()
    relay.node.services.pubsub.addEventListener('gossipsub:graft', ({ detail }) => mesh.add(detail.peerId))
    // Without listening WebSockets, they receive each other's gossip only through the relay.
    const [one, other] = await Promise.all(
      [0, 1].map(() => network.startTab([relay.addressFor(undefined)], { target: 0, direct: false })),
    )
    const received: string[] = []
    other?.libp2p.services.pubsub.addEventListener('message', ({ detail }) =>
      received.push(slugOf(readAnnouncement(detail.data))),
    )
    for (const node of [one, other]) node?.libp2p.services.pubsub.subscribe(PACKAGES_TOPIC)
    await until('both have subscribed', () => relay.health().subscribers === 2)
    await until('both are in the mesh of the relay', () => mesh.size === 2)
    const forger = await createForger('publisher')
    const publish = async (slug: string) =>
      one?.libp2p.services.pubsub.publish(
        PACKAGES_TOPIC,
        announcementOf(entriesOf(await forger.release(slug, '1.0.0'))),
      )
    await publish('bad')
    await publish('good')
    await until('the good one has arrived', () => received.includes('good'))
    expect(received).toEqual(['good'])
    expect(validated.toSorted()).toEqual(['bad', 'good'])
  })

  it('names the variable to change when its port is taken', async () => {
    const port = portOf(await network.startRelay())
    await expect(network.startRelay({ port })).rejects.toThrow(`RELAY_PORT: the port ${port} of 127.0.0.1 is taken.`)
  })

  it('gives a page its own address whatever host the page was opened at', async () => {
    const relay = await network.startRelay()
    const own = `/ip4/127.0.0.1/tcp/${portOf(relay)}/ws/p2p/${relay.node.peerId}`
    for (const host of ['localhost:8080', '127.0.0.1:8080', '127.0.0.1', 'elsewhere.example', undefined, '[::1]:80'])
      expect(relay.addressFor(host)).toBe(own)
  })
})

describe('relay set', () => {
  it('reports a relay that is down at the start, and connects once it is up', async () => {
    const { address, port, privateKey } = await freeAddress()
    const node = await network.startTab([address])
    await until('it failed', () => node.keeper.steps().relay.state === 'failed')
    expect(node.keeper.steps()).toEqual({
      relay: { state: 'failed', reason: { code: 'relay-silent', relay: `127.0.0.1:${port}` } },
      reservation: { state: 'waiting', reason: { code: 'relay-waiting' } },
    })
    await network.startRelay({ port, privateKey })
    node.keeper.wake()
    await until('it has a reservation', () => isReserved(node))
    await until('its steps are ok', () => Object.values(node.keeper.steps()).every(({ state }) => state === 'ok'))
  })

  it('obtains a new reservation after each of ten restarts of the relay', async () => {
    const { address, port, privateKey } = await freeAddress()
    let relay = await network.startRelay({ port, privateKey })
    const node = await network.startTab([address])
    await until('it has a reservation', () => isReserved(node))
    for (let restart = 0; restart < 10; restart += 1) {
      await relay.stop()
      await until('the tab has noticed the loss', () => node.keeper.relays()[0]?.connected === false)
      relay = await network.startRelay({ port, privateKey })
      await until('it has a reservation again', () => isReserved(node) && relay.health().reservations === 1)
    }
  })

  it('follows a relay to another address and drops the old one', async () => {
    const { address, port, privateKey } = await freeAddress()
    const before = await network.startRelay({ port, privateKey })
    const node = await network.startTab([address])
    await until('it has a reservation', () => isReserved(node))
    await before.stop()
    const after = await network.startRelay({ privateKey })
    const moved = after.addressFor(undefined)
    expect(moved).not.toBe(address)
    node.keeper.setRelays([moved])
    await until('it has a reservation there', () => isReserved(node) && after.health().reservations === 1)
    expect(node.keeper.relays().map(({ address }) => address)).toEqual([moved])
    // A relay with another key is a different relay; the old one becomes an ordinary peer.
    const other = await network.startRelay()
    node.keeper.setRelays([other.addressFor(undefined)])
    await until('it has a reservation at the other', () => isReserved(node) && other.health().reservations === 1)
    expect(node.isRelay(after.node.peerId.toString())).toBe(false)
    expect(node.isRelay(other.node.peerId.toString())).toBe(true)
  })

  it('dials at most three relays at once, and eventually all', async () => {
    const relays = await Promise.all([0, 1, 2, 3, 4].map(() => network.startRelay()))
    const node = await network.startTab([], { target: 0 })
    let dialing = 0
    let most = 0
    // A dial is shorter than the random delay before the next, so each waits until three are in progress.
    const three = Promise.withResolvers<void>()
    const dial = node.libp2p.dial.bind(node.libp2p)
    node.libp2p.dial = async (...args) => {
      dialing += 1
      most = Math.max(most, dialing)
      if (dialing === 3) three.resolve()
      try {
        await three.promise
        return await dial(...args)
      } finally {
        dialing -= 1
      }
    }
    node.keeper.setRelays(relays.map((relay) => relay.addressFor(undefined)))
    await until('all have granted a reservation', () => isReserved(node))
    expect(most).toBe(3)
  })

  it('pushes its new address to the relay before libp2p does', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const relayed = await createNode({
      telemetry: noTelemetry,
      privateKey: await generateKeyPair('Ed25519'),
      relays: [address],
      crypto: webCrypto,
      iceServers: [],
      webRtc: false,
    })
    const events: string[] = []
    const { identifyPush } = relayed.libp2p.services
    const isReachable = () =>
      relayed.libp2p.getMultiaddrs().some((address) => address.toString().includes('p2p-circuit'))
    const push = identifyPush.push.bind(identifyPush)
    identifyPush.push = () => {
      if (isReachable()) events.push('push')
      return push()
    }
    relayed.libp2p.addEventListener('self:peer:update', ({ detail: { peer } }) => {
      if (peer.addresses.some(({ multiaddr }) => multiaddr.toString().includes('p2p-circuit'))) events.push('update')
    })
    const relays = createRelaySet(relayed, { relays: [address], onChange: () => {} })
    try {
      await until('libp2p has emitted the update', () => events.includes('update'))
      // One push by the relay set, and one by libp2p, whose own listener runs first.
      expect(events.indexOf('update')).toBeGreaterThanOrEqual(2)
    } finally {
      relays.stop()
      await relayed.stop()
    }
  })

  it('uses the available relays while another one is down', async () => {
    const { address: absent } = await freeAddress()
    const [one, two] = [await network.startRelay(), await network.startRelay()]
    const node = await network.startTab([absent, one.addressFor(undefined), two.addressFor(undefined)])
    await until(
      'both have granted a reservation',
      () => node.keeper.relays().filter(({ reserved }) => reserved).length === 2,
    )
    expect(node.keeper.relays().map(({ reserved }) => reserved)).toEqual([false, true, true])
    expect(node.keeper.steps()).toMatchObject({ relay: { state: 'ok' }, reservation: { state: 'ok' } })
  })

  it('reports a relay whose key differs from its address', async () => {
    const relay = await network.startRelay()
    const { publicKey } = await generateKeyPair('Ed25519')
    const other = (await import('@libp2p/peer-id')).peerIdFromPublicKey(publicKey).toString()
    const node = await network.startTab([relay.addressFor(undefined).replace(relay.node.peerId.toString(), other)])
    await until('it failed', () => node.keeper.steps().relay.state === 'failed')
    expect(node.keeper.steps().relay.reason).toMatchObject({ code: 'relay-key-changed' })
  })

  it('reports an address without a valid peer id and uses the others', async () => {
    const relay = await network.startRelay()
    const bad = '/ip4/127.0.0.1/tcp/1/ws/p2p/garbage'
    const node = await network.startTab([bad, relay.addressFor(undefined)])
    await until('the good one has granted a reservation', () => node.keeper.relays()[1]?.reserved === true)
    expect(node.keeper.relays()[0]?.dial).toEqual({
      state: 'failed',
      reason: { code: 'relay-malformed', address: bad },
    })
    expect(node.keeper.steps().relay.state).toBe('ok')
  })

  it('reports that no relay is configured', async () => {
    const node = await network.startTab([])
    expect(node.keeper.steps().relay).toEqual({ state: 'failed', reason: { code: 'no-relay-configured' } })
  })
})
