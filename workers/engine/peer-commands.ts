import type { EngineCommands } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import { toPingView } from '../contract/ping-view.ts'
import type { ReputationView } from '../contract/telemetry-views.ts'
import type { PeerReputation, Reputation } from '../peers/reputation.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'
import { assertPingCount, readPeerId } from './arguments.ts'
import type { WithOperation } from './command-operations.ts'
import type { Network } from './network.ts'
import type { NetworkPeers } from './network-concerns.ts'

export interface PeerCommandDependencies {
  /** This peer. */
  self: string
  reputation: Pick<Reputation, 'list' | 'get' | 'ban' | 'unban'>
  network: {
    started: Network['started']
    peers: Pick<NetworkPeers, 'list' | 'isRelay' | 'describe' | 'history' | 'ping' | 'disconnect' | 'expel'>
  }
}

export type PeerCommands = Pick<EngineCommands, 'peer' | 'ping' | 'disconnect' | 'ban' | 'unban' | 'reputation'>

const defaultPings = 5

/**
 * Pings of all commands at once. A peer takes a few at a time (`pingsToPeer`), and one that finds no place would count as
 * lost, which closes a healthy connection.
 */
const pingsAtOnce = 3

/** The commands on single peers, and on what this profile knows of them. */
export const createPeerCommands = ({
  self,
  reputation,
  network,
}: PeerCommandDependencies): WithOperation<PeerCommands> => {
  const otherPeer = (peerId: string): string => {
    const peer = readPeerId(peerId)
    if (peer === self) throw new Failure('InvalidArgument', { code: 'own-peer' })
    return peer
  }

  /** @throws Failure `PeerUnreachable`. */
  const rowOf = async (peer: string) => {
    if (!(await network.started)) throw new Failure('PeerUnreachable', { code: 'network-not-started' })
    const row = network.peers.list().find(({ peerId }) => peerId === peer)
    if (row === undefined) throw notConnected(peer)
    return row
  }

  const pings = createSemaphore(pingsAtOnce)

  const ping = async (peer: string, count: number, operation: Operation): Promise<(number | undefined)[]> => {
    const roundTripsMs: (number | undefined)[] = []
    while (roundTripsMs.length < count)
      roundTripsMs.push(await pings.run(operation.signal, () => network.peers.ping(peer, operation)))
    return roundTripsMs
  }

  return {
    async peer(_, peerId) {
      const peer = otherPeer(peerId)
      const row = await rowOf(peer)
      const connection = await network.peers.describe(peer)
      if (connection === undefined) throw notConnected(peer)
      const known = reputation.get(peer)
      return {
        ...row,
        ...connection,
        ...(known === undefined ? {} : { reputation: toReputationView(known) }),
        history: network.peers.history(peer),
      }
    },
    async ping(operation, peerId, count = defaultPings) {
      const peer = otherPeer(peerId)
      assertPingCount(count)
      await rowOf(peer)
      return toPingView(await ping(peer, count, operation))
    },
    async disconnect(_, peerId) {
      const peer = otherPeer(peerId)
      await rowOf(peer)
      await network.peers.disconnect(peer)
    },
    async ban(_, peerId) {
      const peer = otherPeer(peerId)
      // Which peers are relays is known once the network runs.
      await network.started
      if (network.peers.isRelay(peer)) throw new Failure('InvalidArgument', { code: 'relay-not-banned', peer })
      reputation.ban(peer)
      network.peers.expel(peer)
    },
    unban: async (_, peerId) => reputation.unban(otherPeer(peerId)),
    reputation: async () => reputation.list().map(toReputationView),
  }
}

const notConnected = (peer: string): Failure => new Failure('PeerUnreachable', { code: 'peer-not-connected', peer })

const toReputationView = ({ peer, score, faults, bannedUntil }: PeerReputation): ReputationView => {
  const { total, ...parts } = score
  return { peer, score: total, parts, faults, ...(bannedUntil === undefined ? {} : { bannedUntil }) }
}
