import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, expect, test } from 'vitest'
import { meshPeers } from '../workers/libp2p-internals/gossipsub.ts'
import { PACKAGES_TOPIC } from '../workers/protocol/protocols.ts'
import { watchSubscribers } from '../workers/stack/gossip-streams.ts'
import { createRelayAnnouncementValidator } from '../workers/stack/relay-announcement-validator.ts'
import { announcementOf, createForger, entriesOf } from '../workers/testing/forged-records.ts'
import { createTestNetwork, type TestNode, until } from '../workers/testing/relay-network.ts'
import { createNodeCrypto } from './node-crypto.ts'
import { addressOf } from './replay-announcements.ts'

const network = createTestNetwork()
afterEach(network.stopAll)

/** Tabs that subscribe to announcements and are connected only through the relay. */
const compose = async () => {
  const relay = await network.startRelay({ validateAnnouncement: createRelayAnnouncementValidator(createNodeCrypto()) })
  const start = async () => {
    const node = await network.startTab([relay.addressFor(undefined)], { target: 0, direct: false })
    const { pubsub } = node.libp2p.services
    const received: string[] = []
    const subscribers = new Set<string>()
    pubsub.addEventListener('message', ({ detail }) => received.push(Buffer.from(detail.data).toString('hex')))
    watchSubscribers(pubsub, PACKAGES_TOPIC, (peer) => subscribers.add(peer))
    pubsub.subscribe(PACKAGES_TOPIC)
    await until('it can write to the relay', () => subscribers.has(relay.node.peerId.toString()))
    return { ...node, pubsub, received }
  }
  return { relay, start }
}

const announcement = async (name: string): Promise<Uint8Array> => {
  const forger = await createForger(name)
  return announcementOf(entriesOf(await forger.release('one', '1.0.0')))
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Counts the gossip messages that a tab receives, duplicates included. */
const countMessages = (node: TestNode): (() => number) => {
  let count = 0
  const internals = node.libp2p.services.pubsub as unknown as {
    handleReceivedMessage(...args: unknown[]): Promise<void>
  }
  const handle = internals.handleReceivedMessage.bind(node.libp2p.services.pubsub)
  internals.handleReceivedMessage = (...args) => {
    count += 1
    return handle(...args)
  }
  return () => count
}

test('the relay replays earlier announcements to a new tab, newest first, after the publisher has left', async () => {
  const { relay, start } = await compose()
  const publisher = await start()
  const all = await Promise.all(['one', 'two', 'three'].map(announcement))
  const passed: string[] = []
  relay.node.services.pubsub.addEventListener('message', ({ detail }) => passed.push(text(detail.data)))
  for (const bytes of all) await publisher.pubsub.publish(PACKAGES_TOPIC, bytes)
  await until('the relay has them', () => passed.length === 3)
  await publisher.stop()

  const newcomer = await start()
  await until('the newcomer has them', () => newcomer.received.length === 3)
  expect(newcomer.received).toEqual(passed.toReversed())
})

test('repeated subscriptions cause one replay per connection', async () => {
  const { relay, start } = await compose()
  const publisher = await start()
  const [first, later] = await Promise.all(['one', 'two'].map(announcement))
  if (first === undefined || later === undefined) return
  await publisher.pubsub.publish(PACKAGES_TOPIC, first)

  const newcomer = await start()
  await until('the replay has arrived', () => newcomer.received.includes(text(first)))
  const messages = countMessages(newcomer)
  for (let time = 0; time < 5; time += 1) {
    newcomer.pubsub.unsubscribe(PACKAGES_TOPIC)
    await until('the relay has seen it unsubscribe', () => relay.health().subscribers === 1)
    newcomer.pubsub.subscribe(PACKAGES_TOPIC)
    await until('the relay has seen it subscribe', () => relay.health().subscribers === 2)
  }
  await publisher.pubsub.publish(PACKAGES_TOPIC, later)
  await until('the later announcement has arrived', () => newcomer.received.includes(text(later)))
  // One stream carries everything, so all earlier messages have arrived too.
  expect(messages()).toBe(1)

  await newcomer.libp2p.dial(multiaddr(relay.addressFor(undefined)), { force: true })
  await until('the new connection has received both', () => messages() >= 3)
})

test('16 tabs that connect at once all join the mesh of the relay', async () => {
  const { relay, start } = await compose()
  await Promise.all(Array.from({ length: 16 }, start))
  await until('all are in its mesh', () => meshPeers(relay.node.services.pubsub, PACKAGES_TOPIC).length === 16)
})

test('IPv6 addresses of one /64 network count as one', () => {
  const of = (text: string): string => addressOf({ remoteAddr: multiaddr(text) })
  expect(of('/ip6/2001:db8:1:2::1/tcp/1/ws')).toBe(of('/ip6/2001:db8:1:2:3:4:5:6/tcp/2/ws'))
  expect(of('/ip6/2001:db8:1:2::1/tcp/1/ws')).not.toBe(of('/ip6/2001:db8:1:3::1/tcp/1/ws'))
  expect(of('/ip6/::1/tcp/1/ws')).toBe('0:0:0:0')
  expect(of('/ip4/1.2.3.4/tcp/1/ws')).toBe('1.2.3.4')
})
