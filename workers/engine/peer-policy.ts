import { Failure } from '../contract/failures.ts'
import type { Pool } from '../net/pool/pool.ts'
import type { PeerEvent, Reputation } from '../peers/reputation.ts'
import type { Refusal } from '../stack/head-validator.ts'

/** How a peer broke the rules. */
export type ViolationKind = Extract<PeerEvent, { kind: 'violation' }>['fault']

/**
 * How peers behave towards this tab: told to their reputation and to the health of their connections, and what follows
 * from it at once. What follows later (who is asked first, who is dialled) is for those who read the reputation.
 */
export interface PeerPolicy {
  /** How a question to a peer went: it counts for the peer, and for the health of its connection. */
  experience(peer: string, event: Extract<PeerEvent, { kind: 'ok' | 'failed' }>): void
  /** A peer broke a rule: it is remembered, and left when it was once too often. */
  blame(peer: string, fault: ViolationKind): void
  /** A peer broke a rule that nobody breaks by accident: its connections are closed, too. */
  drop(peer: string, fault: ViolationKind): void
  /** A peer wanted this node to store in the DHT what it refused. */
  refusedPut(peer: string, refusal: Refusal): void
}

export interface PeerPolicyDependencies {
  reputation: Pick<Reputation, 'observe' | 'isBanned'>
  pool: Pick<Pool, 'report' | 'drop'>
  /** It is not dialled from memory any more. */
  forget(peer: string): void
}

export const createPeerPolicy = ({ reputation, pool, forget }: PeerPolicyDependencies): PeerPolicy => {
  const disconnect = (peer: string): void => {
    forget(peer)
    pool.drop(peer, 'protocol violation')
  }

  const blame: PeerPolicy['blame'] = (peer, fault) => {
    reputation.observe(peer, { kind: 'violation', fault })
    if (reputation.isBanned(peer)) disconnect(peer)
  }

  return {
    experience(peer, event) {
      reputation.observe(peer, event)
      pool.report(peer, event.kind === 'ok' ? 'answered' : 'failed')
    },
    blame,
    drop(peer, fault) {
      reputation.observe(peer, { kind: 'violation', fault })
      disconnect(peer)
    },
    refusedPut(peer, refusal) {
      // What was valid once is put by a publisher's other device, too, when it has missed the news.
      if (refusal === 'older') reputation.observe(peer, { kind: 'failed' })
      else if (refusal !== 'unchecked') blame(peer, refusal)
    },
  }
}

/** Failures by which a peer says nothing at all, whatever was asked. */
export const isSilence = (failure: unknown): boolean => failure instanceof Failure && failure.name === 'Timeout'

/** Failures that an honest peer cannot cause, however slow or broken its network is. */
export const isViolation = (failure: unknown): boolean =>
  failure instanceof Failure && ['RecordMalformed', 'RecordTooLarge', 'SignatureInvalid'].includes(failure.name)

export const faultOf = (failure: unknown): ViolationKind =>
  failure instanceof Failure && failure.name === 'SignatureInvalid' ? 'signature' : 'malformed'
