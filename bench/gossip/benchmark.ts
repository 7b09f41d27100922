import { PACKAGES_TOPIC } from '../../workers/protocol/protocols.ts'
import { announcementOf, createForger, entriesOf, type Forger } from '../../workers/testing/forged-records.ts'
import { createGossipNetwork, type GossipNetwork, type GossipNode } from '../../workers/testing/gossip-network.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import type { Figure } from '../lib/measurement.ts'

/**
 * Measures how fast an announcement reaches the catalogue of every peer over links of 25 ms with the production
 * services: each node verifies it before it stores and forwards it. All nodes share this thread, whose lag is a figure.
 *
 * `GOSSIP_SIZES=5,20 GOSSIP_MESSAGES=10 GOSSIP_HEARTBEATS=500` measures less.
 */
const sizes = numbers(process.env.GOSSIP_SIZES ?? '5,10,20,50')
const messages = Number(process.env.GOSSIP_MESSAGES ?? 40)
const heartbeats = numbers(process.env.GOSSIP_HEARTBEATS ?? '300,500,700,1000')

/** Loss per message; the message and those behind it are delayed by TCP's minimum retransmission timeout. */
const loss = 0.1

/** Settings for the comparison of heartbeats. */
const heartbeatNodes = 24
const idleMs = 5_000
const latecomers = 12

/** Target for p99 (ms). */
const targetMs = 1_000

/** Time after which a message that has not reached every peer counts as lost (ms). */
const giveUpMs = 15_000

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  for (const size of sizes) {
    for (const lossy of [false, true]) {
      const network = await createGossipNetwork({ nodes: size, seed: size, conditions: { loss: lossy ? loss : 0 } })
      try {
        yield* measure(network, `${size} peers${lossy ? ', 10 % loss' : ''}`)
      } finally {
        await network.stop()
      }
    }
  }
  for (const heartbeatMs of heartbeats) yield* compare(heartbeatMs, log)
}

const measure = async function* (network: GossipNetwork, name: string): AsyncGenerator<Figure> {
  const random = createSeededRandom(network.nodes.length)
  const source = await createSource(`bench ${name}`)
  // The first announcement warms up compiled code and caches.
  await publish(network, at(network.nodes, 0), await source())
  const arrivals: number[] = []
  const lasts: number[] = []
  const copies: number[] = []
  const late = watchLateness()
  for (let n = 0; n < messages; n += 1) {
    const announcement = await source()
    const before = network.nodes.map((node) => node.received())
    const took = await publish(network, at(network.nodes, Math.floor(random() * network.nodes.length)), announcement)
    arrivals.push(...took)
    lasts.push(Math.max(...took))
    // Waits for duplicates in transit.
    await new Promise((resolve) => setTimeout(resolve, 4 * network.conditions.delayMs))
    const total = network.nodes.reduce((sum, node, i) => sum + node.received() - (before[i] ?? 0), 0)
    copies.push((total - took.length) / took.length)
  }
  const latenesses = late()
  yield { scenario: `gossip ${name}: arrival`, unit: 'ms', samples: arrivals, target: targetMs, targetAt: 'p99' }
  yield { scenario: `gossip ${name}: at the last peer`, unit: 'ms', samples: lasts, target: targetMs, targetAt: 'p99' }
  yield { scenario: `gossip ${name}: duplicates a peer`, unit: 'n', samples: copies }
  yield { scenario: `gossip ${name}: event loop late`, unit: 'ms', samples: latenesses }
}

/** Measures the cost of heartbeats while idle, and how soon a late subscriber receives a missed message. */
const compare = async function* (heartbeatMs: number, log: (line: string) => void): AsyncGenerator<Figure> {
  const name = `gossip heartbeat ${heartbeatMs} ms`
  const network = await createGossipNetwork({ nodes: heartbeatNodes, heartbeatMs })
  const source = await createSource(name)
  const before = { ...network.sent }
  const cpu = process.threadCpuUsage()
  await new Promise((resolve) => setTimeout(resolve, idleMs))
  const { user, system } = process.threadCpuUsage(cpu)
  const share = (count: number): number => (count / network.nodes.length / idleMs) * 1000
  log(`${name}: ${share((user + system) / 1000).toFixed(2)} ms of CPU a second and node while idle`)
  yield { scenario: `${name}: sent a second, idle`, unit: 'B', samples: [share(network.sent.bytes - before.bytes)] }

  const times: number[] = []
  for (const latecomer of network.nodes.slice(0, latecomers)) {
    const { pubsub } = latecomer.node.services
    pubsub.unsubscribe(PACKAGES_TOPIC)
    const others = network.nodes.filter((node) => node !== latecomer)
    await settle(() => others.every((node) => !follows(node, latecomer)))
    const announcement = await source()
    await publish({ nodes: others }, at(others, 0), announcement)
    const start = performance.now()
    pubsub.subscribe(PACKAGES_TOPIC)
    await settle(() => arrivalOf(latecomer, announcement) !== undefined)
    times.push((arrivalOf(latecomer, announcement) ?? start + giveUpMs) - start)
  }
  await network.stop()
  yield { scenario: `${name}: what a latecomer missed`, unit: 'ms', samples: times }
}

const follows = (node: GossipNode, peer: GossipNode): boolean =>
  node.node.services.pubsub.getSubscribers(PACKAGES_TOPIC).some((each) => each.toString() === peer.id)

/** Waits until the condition holds, at most `giveUpMs`. */
const settle = async (holds: () => boolean): Promise<void> => {
  for (const end = performance.now() + giveUpMs; !holds() && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 5))
}

const arrivalOf = (node: GossipNode, { id }: Announcement): number | undefined =>
  node.judged.findLast((each) => each.id === id)?.at

/** Publishes an announcement; resolves with the time until each other node has it in its catalogue (ms). */
const publish = async (network: Peers, from: GossipNode, announcement: Announcement): Promise<number[]> => {
  const others = network.nodes.filter((node) => node !== from)
  const start = performance.now()
  await from.announcements.publish(announcement.bytes)
  await settle(() => others.every((node) => arrivalOf(node, announcement) !== undefined))
  return others.map((node) => (arrivalOf(node, announcement) ?? start + giveUpMs) - start)
}

type Peers = Pick<GossipNetwork, 'nodes'>

interface Announcement {
  id: string
  bytes: Uint8Array
}

/** Creates announcements of new packages, each by a different publisher unknown to every catalogue. */
const createSource = async (name: string): Promise<() => Promise<Announcement>> => {
  let count = 0
  return async () => {
    count += 1
    const forger: Forger = await createForger(`${name.replace(/[^a-z0-9 ]/g, '').slice(0, 30)} ${count}`)
    const state = await forger.release(`package-${count}`, '1.0.0')
    return { id: `${forger.identity.publisherId}/package-${count}`, bytes: announcementOf(entriesOf(state)) }
  }
}

/** Samples the lag of a timer (ms). */
const watchLateness = (): (() => number[]) => {
  const everyMs = 5
  const samples: number[] = []
  let due = performance.now() + everyMs
  const timer = setInterval(() => {
    const now = performance.now()
    samples.push(Math.max(0, now - due))
    due = now + everyMs
  }, everyMs)
  return () => {
    clearInterval(timer)
    return samples
  }
}

const at = (nodes: readonly GossipNode[], index: number): GossipNode => {
  const node = nodes[index]
  if (node === undefined) throw new Error(`No node ${index}.`)
  return node
}

function numbers(list: string): number[] {
  return list.split(',').filter(Boolean).map(Number)
}
