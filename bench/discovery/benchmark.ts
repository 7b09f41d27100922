import { createEngineNetwork, type EngineNetwork, type EnginePeer, introduce } from '../../workers/testing/network.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { numberFrom } from '../lib/environment.ts'
import type { Figure } from '../lib/measurement.ts'

/**
 * What each step of becoming a peer among others takes: a connection, the gossip mesh, a publication in the DHT. Whole
 * engines in this process over links of 25 ms. `join` and `scale` measure the whole way.
 *
 * `DISCOVERY_PEERS=8 DISCOVERY_NEWCOMERS=3` measures less.
 */
const peers = numberFrom('DISCOVERY_PEERS', 20)
const newcomers = numberFrom('DISCOVERY_NEWCOMERS', 12)

/** Connections that each newcomer opens, one after the other. */
const connectionsEach = Math.min(10, peers)
const publicationsEach = 3
const delayMs = 25
const wantedAcknowledgements = 4

/** Targets for p95 (ms): a connection takes about six round trips of 50 ms. */
const targets = { connection: 500, mesh: 1_000, acknowledged: 500 }

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const network = createEngineNetwork({ conditions: { delayMs, jitterMs: 0 } })
  try {
    const present = await network.startMany(Array.from({ length: peers }, (_, n) => `peer ${n}`))
    await introduce(present)
    log(`${newcomers} newcomers, one after the other, with ${peers} peers and links of ${delayMs} ms`)
    const times = noTimes()
    // The first in a process takes several times as long, until its code is compiled.
    await measureNewcomer(network, present, newcomers, noTimes())
    for (let n = 0; n < newcomers; n += 1) await measureNewcomer(network, present, n, times)
    const p95 = { unit: 'ms', targetAt: 'p95' } as const
    yield { scenario: 'a connection: dial to open', unit: 'ms', samples: times.dialled }
    yield { scenario: 'a connection: dial to usable', ...p95, samples: times.direct, target: targets.connection }
    yield { scenario: 'gossip: first dial to a subscriber', unit: 'ms', samples: times.follower }
    yield { scenario: 'gossip: first dial to the mesh', ...p95, samples: times.mesh, target: targets.mesh }
    yield {
      scenario: `DHT: publish to ${wantedAcknowledgements} acknowledgements`,
      ...p95,
      samples: times.acknowledged,
      target: targets.acknowledged,
    }
    yield { scenario: 'DHT: publish to the end of the put', unit: 'ms', samples: times.put }
  } finally {
    await network.stopAll()
  }
}

type Times = Record<'dialled' | 'direct' | 'follower' | 'mesh' | 'acknowledged' | 'put', number[]>

const noTimes = (): Times => ({ dialled: [], direct: [], follower: [], mesh: [], acknowledged: [], put: [] })

const measureNewcomer = async (
  network: EngineNetwork,
  present: readonly EnginePeer[],
  number: number,
  times: Times,
): Promise<void> => {
  const newcomer = await network.start(`newcomer ${number}`)
  const { status, announcements } = newcomer.network
  const joined = performance.now()
  const since = (what: string, holds: () => boolean, began: number): Promise<number> =>
    until(what, holds).then(() => performance.now() - began)
  const gossip = Promise.all([
    since('it knows a subscriber', () => announcements.audience() > 0, joined),
    since('it is in the mesh', () => status().steps?.topic.state === 'ok', joined),
  ])

  for (let n = 0; n < connectionsEach; n += 1) {
    const other = present[(number + n) % present.length]
    // Some of them dial the newcomer as soon as they hear of it.
    if (other === undefined || isDirect(newcomer, other)) continue
    const began = performance.now()
    await newcomer.meet(other)
    times.dialled.push(performance.now() - began)
    times.direct.push(await since('the connection is usable', () => isDirect(newcomer, other), began))
  }
  const [follower, mesh] = await gossip
  times.follower.push(follower)
  times.mesh.push(mesh)

  for (let n = 0; n < publicationsEach; n += 1) await measurePublication(newcomer, `package-${number}-${n}`, times)
  await network.leave(newcomer)
}

const isDirect = ({ network }: EnginePeer, { id }: EnginePeer): boolean =>
  network.peers.list().some(({ peerId, path }) => peerId === id && path === 'direct')

const measurePublication = async (peer: EnginePeer, slug: string, times: Times): Promise<void> => {
  const began = performance.now()
  await peer.publish(slug, '1.0.0')
  const latest = () => {
    const update = peer.updates.findLast((each) => each.kind === 'publication' && each.publication.slug === slug)
    return update?.kind === 'publication' ? update.publication : undefined
  }
  await until('it is acknowledged', () => (latest()?.acknowledgements ?? 0) >= wantedAcknowledgements)
  times.acknowledged.push(performance.now() - began)
  await until('the put has ended', () => latest()?.state === 'sent')
  times.put.push(performance.now() - began)
}
