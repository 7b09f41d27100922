import { afterEach, describe, expect, it } from 'vitest'
import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import type { GossipRates } from '../stack/gossip-rate-limits.ts'
import { announcementOf, createForger, entriesOf, withWrongSignature } from './forged-records.ts'
import {
  createGossipNetwork,
  type GossipNetwork,
  type GossipNetworkOptions,
  type GossipNode,
} from './gossip-network.ts'
import { createHostileNodes } from './hostile-nodes.ts'
import { until } from './relay-network.ts'

/** Gossip among real nodes: announcements reach all peers once, and a flooding peer can do little harm. */

/** Several real nodes on a busy machine. */
const testMs = 120_000

/** Below this score gossipsub ignores a peer. */
const graylistScore = -80

let network: GossipNetwork | undefined
afterEach(async () => {
  await network?.stop()
  network = undefined
})

const start = async (options: GossipNetworkOptions): Promise<readonly GossipNode[]> => {
  const started = await createGossipNetwork({ conditions: { delayMs: 5 }, ...options })
  network = started
  return started.nodes
}

const at = (nodes: readonly GossipNode[], index: number): GossipNode => {
  const node = nodes[index]
  if (node === undefined) throw new Error(`There is no node ${index}.`)
  return node
}

interface News {
  id: string
  bytes: Uint8Array
  forged: Uint8Array
}

/** Announcements of many packages, all of one publisher or each of a different one. */
const createNews = async (count: number, ofOne: boolean): Promise<News[]> => {
  const one = await createForger('one')
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const forger = ofOne ? one : await createForger(`publisher ${n}`)
      const state = await forger.release(`package-${n}`, '1.0.0')
      const [identity, head] = entriesOf(state)
      if (identity === undefined || head === undefined) throw new Error('no entries')
      return {
        id: `${forger.identity.publisherId}/package-${n}`,
        bytes: announcementOf(entriesOf(state)),
        forged: announcementOf([identity, { kind: 'head', bytes: withWrongSignature('head', head.bytes) }]),
      }
    }),
  )
}

const first = async (): Promise<News> => {
  const [news] = await createNews(1, true)
  if (news === undefined) throw new Error('no news')
  return news
}

const knows = (node: GossipNode, { id }: News): boolean => node.registry.get(id) !== undefined

describe('a publication', { timeout: testMs }, () => {
  it('reaches all peers over a mesh of the tuned size, and each verifies it once', async () => {
    const nodes = await start({ nodes: 14, dials: 13 })
    await until('all are in the mesh', () =>
      nodes.every((node) => node.meshPeers().length >= 6 && node.meshPeers().length <= 12),
    )
    const news = await first()
    await at(nodes, 3).announcements.publish(news.bytes)
    const others = nodes.filter((node) => node !== at(nodes, 3))
    await until('all have judged it', () => others.every(({ judged }) => judged.length > 0))
    expect(others.map(({ judged }) => judged.map(({ verdict }) => verdict))).toEqual(others.map(() => ['new']))
    // Checks: identity, head and release.
    expect(others.map(({ judged }) => judged[0]?.checks)).toEqual(others.map(() => 3))
  })

  it('that another peer repeats is not verified again', async () => {
    const nodes = await start({ nodes: 3, dials: 2 })
    const news = await first()
    const publish = (from: GossipNode) => from.announcements.publish(news.bytes)
    await publish(at(nodes, 0))
    await until('all have it', () => nodes.slice(1).every((node) => knows(node, news)))
    const before = at(nodes, 2).received()
    // Under its own name: a different message with the same announcement.
    const seen = Reflect.get(at(nodes, 1).node.services.pubsub, 'seenCache') as { clear(): void }
    seen.clear()
    await publish(at(nodes, 1))
    await until('it arrived again', () => at(nodes, 2).received() > before)
    await until('a later announcement has arrived', () => {
      void publishAnother()
      return at(nodes, 2).judged.length > 1
    })
    expect(at(nodes, 2).judged.filter(({ id }) => id === news.id)).toHaveLength(1)

    async function publishAnother(): Promise<void> {
      await at(nodes, 1).announcements.publish((await first()).bytes)
    }
  })
})

describe('a publication without subscribers', { timeout: testMs }, () => {
  it('can be sent again as soon as a subscriber appears', async () => {
    const nodes = await start({ nodes: 2, edges: [] })
    const [alone, other] = [at(nodes, 0), at(nodes, 1)]
    const news = await first()
    expect(await alone.announcements.publish(news.bytes)).toBe(0)
    await other.node.dial(alone.node.getMultiaddrs())
    await until('it sees the other subscribe', () => alone.audience.includes(other.id))
    expect(await alone.announcements.publish(news.bytes)).toBe(1)
    await until('the other has it', () => knows(other, news))
  })
})

describe('a publication whose last subscriber leaves while it is signed', { timeout: testMs }, () => {
  it('can be sent again', async () => {
    const nodes = await start({ nodes: 2, edges: [[0, 1]] })
    const [publisher, other] = [at(nodes, 0), at(nodes, 1)]
    const news = await first()
    const { pubsub } = publisher.node.services
    const select = Reflect.get(pubsub, 'selectPeersToPublish')
    Reflect.set(pubsub, 'selectPeersToPublish', () => ({ tosend: new Set(), tosendCount: {} }))
    expect(await publisher.announcements.publish(news.bytes)).toBe(0)
    Reflect.set(pubsub, 'selectPeersToPublish', select)
    expect(await publisher.announcements.publish(news.bytes)).toBe(1)
    await until('the other has it', () => knows(other, news))
  })
})

describe('24 peers on one address', { timeout: testMs }, () => {
  it('all get a publication', async () => {
    const hosts = createHostileNodes()
    try {
      const peers = await Promise.all(Array.from({ length: 24 }, () => hosts.start()))
      const pubsubs = peers.map(({ node }) => node.services.pubsub)
      for (const pubsub of pubsubs) pubsub.subscribe(PACKAGES_TOPIC)
      let received = 0
      const onMessage = (): void => {
        received += 1
      }
      for (const pubsub of pubsubs) pubsub.addEventListener('message', onMessage)
      const [hub] = peers
      if (hub === undefined) throw new Error('no peers')
      // All connect to one peer, and each to some others, like tabs behind a router that met at a relay.
      for (const [n, peer] of peers.entries()) {
        if (peer !== hub) await peer.dial(hub)
        for (const next of [peers[n + 1], peers[n + 3], peers[n + 7]])
          if (peer !== hub && next !== undefined) await peer.dial(next)
      }
      await until('all follow the hub', () => hub.node.services.pubsub.getSubscribers(PACKAGES_TOPIC).length === 23)
      // Scores are updated with each heartbeat; a penalty for the shared address would show by then.
      const beats = pubsubs.map(
        (pubsub) => new Promise((resolve) => pubsub.addEventListener('gossipsub:heartbeat', resolve, { once: true })),
      )
      await Promise.all(beats)
      await peers[5]?.node.services.pubsub.publish(PACKAGES_TOPIC, new Uint8Array(100).fill(1))
      await until('all others have it', () => received === 23)
    } finally {
      await hosts.stopAll()
    }
  })
})

/** A twentieth of the real limits, so that a flood is quick. */
const rates: Partial<GossipRates> = {
  messages: { perSecond: 10, burst: 100 },
  checks: { perSecond: 5, burst: 60 },
  publisherAnnouncements: { perSecond: 0.1, burst: 10 },
  announcements: { perSecond: 2.5, burst: 25 },
}

describe('a peer that floods', { timeout: testMs }, () => {
  /** Four honest peers, the first of which is connected to the flooder. */
  const edges = [
    [0, 1],
    [0, 2],
    [1, 2],
    [1, 3],
    [2, 3],
    [4, 0],
  ] as const

  const setScene = async () => {
    // Time stands still during the flood, so that exactly the burst is accepted.
    const clock = { ms: 0 }
    const nodes = await start({ nodes: 5, edges, rates, now: () => clock.ms })
    const honest = nodes.slice(0, 4)
    const [victim, flooder] = [at(nodes, 0), at(nodes, 4)]
    const { pubsub } = flooder.node.services
    // The flooder sends messages of any size.
    Reflect.set(pubsub, 'dataTransform', undefined)
    return {
      nodes,
      honest,
      victim,
      flooder,
      async flood(messages: readonly Uint8Array[]) {
        for (const message of messages) await pubsub.publish(PACKAGES_TOPIC, message)
      },
      /** Expects that honest announcements reach all, and no honest peer is penalised for the flood. */
      async expectHonestPeersAreHeard() {
        clock.ms += 60_000
        const news = await first()
        await at(nodes, 3).announcements.publish(news.bytes)
        await until('honest announcements arrive', () => honest.slice(0, 3).every((node) => knows(node, news)))
        for (const one of honest) {
          for (const other of honest) expect(one.scoreOf(other.id)).toBeGreaterThanOrEqual(0)
          if (one !== victim) expect(one.floods).toEqual([])
        }
      },
    }
  }

  it.each([
    ['one publisher', true],
    ['ever new publishers', false],
  ])('with valid messages of %s is dropped', async (_, ofOne) => {
    const { victim, flooder, honest, flood, expectHonestPeersAreHeard } = await setScene()
    const news = await createNews(150, ofOne)
    await flood(news.map(({ bytes }) => bytes))
    await until('it is reported', () => victim.floods.includes(flooder.id))
    await until('it is disconnected', () =>
      victim.node.getConnections().every(({ remotePeer }) => remotePeer.toString() !== flooder.id),
    )
    // The budget allows no more: a verified one costs 4 of 60 checks, or 3 if its identity is stored.
    expect(victim.judged.length).toBeLessThan(25)
    for (const node of honest) expect(node.registry.size()).toBeLessThan(25)
    await expectHonestPeersAreHeard()
  })

  it('with invalid messages is ignored, and no peer forwards them', async () => {
    const { victim, flooder, honest, flood, expectHonestPeersAreHeard } = await setScene()
    const news = await createNews(80, true)
    await flood(news.map(({ forged }) => forged))
    await until('it is ignored', () => victim.scoreOf(flooder.id) < graylistScore)
    expect(victim.judged.length).toBeLessThan(60)
    for (const node of honest.slice(1)) expect(node.judged).toEqual([])
    await expectHonestPeersAreHeard()
  })

  it('with oversized messages is ignored, and none is decoded', async () => {
    const { victim, flooder, honest, flood, expectHonestPeersAreHeard } = await setScene()
    await flood(Array.from({ length: 20 }, (_, n) => new Uint8Array(ANNOUNCEMENT_MAX_BYTES + 1).fill(n)))
    await until('it is ignored', () => victim.scoreOf(flooder.id) < graylistScore)
    for (const node of honest) expect(node.judged).toEqual([])
    await expectHonestPeersAreHeard()
  })

  it('gets no new budget by reconnecting', async () => {
    const { nodes, victim, flooder, flood } = await setScene()
    await flood((await createNews(150, true)).map(({ bytes }) => bytes))
    await until('it is disconnected', () => flooder.node.getConnections().length === 0)
    const judged = victim.judged.length
    await flooder.node.dial(victim.node.getMultiaddrs())
    await until('it has reconnected', () => flooder.announcements.subscriberCount() > 0)
    await flood((await createNews(150, true)).map(({ bytes }) => bytes))
    await until('it is disconnected again', () => flooder.node.getConnections().length === 0)
    expect(victim.judged.length - judged).toBeLessThan(10)
    expect(nodes.slice(1, 4).flatMap(({ floods }) => floods)).toEqual([])
  })
})
