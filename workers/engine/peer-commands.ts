import type { EngineCommands } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import type { ReputationView } from '../contract/telemetry-views.ts'
import type { PeerReputation, Reputation } from '../peers/reputation.ts'

export interface PeerCommandDependencies {
  reputation: Pick<Reputation, 'list'>
}

export type PeerCommands = Pick<EngineCommands, 'peer' | 'ping' | 'disconnect' | 'ban' | 'unban' | 'reputation'>

/** The commands on single peers, and on what this profile knows of them. */
export const createPeerCommands = ({ reputation }: PeerCommandDependencies): PeerCommands => {
  const unreachable = async (): Promise<never> => {
    throw new Failure('PeerUnreachable', { code: 'network-not-started' })
  }
  return {
    peer: unreachable,
    ping: unreachable,
    disconnect: unreachable,
    ban: unreachable,
    unban: unreachable,
    reputation: async () => reputation.list().map(toReputationView),
  }
}

const toReputationView = ({ peer, score, faults, bannedUntil }: PeerReputation): ReputationView => {
  const { total, ...parts } = score
  return { peer, score: total, parts, faults, ...(bannedUntil === undefined ? {} : { bannedUntil }) }
}
