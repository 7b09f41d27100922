import { Failure } from '../contract/failures.ts'
import type { Pool } from '../net/pool/pool.ts'
import type { PeerEvent, Reputation } from '../peers/reputation.ts'
import type { Refusal } from '../stack/head-validator.ts'

/** The protocol rule that a peer broke. */
export type ViolationKind = Extract<PeerEvent, { kind: 'violation' }>['fault']

/**
 * Turns the behaviour of peers into reputation, connection health, and immediate consequences (disconnection, ban).
 * Later consequences (query order, dialling) are for the readers of the reputation.
 */
export interface PeerPolicy {
  /** Records the outcome of a request for the peer's reputation and the health of its connection. */
  experience(peer: string, event: Extract<PeerEvent, { kind: 'ok' | 'failed' }>): void
  /** Records a violation; disconnects and forgets the peer if it is banned by now. */
  reportViolation(peer: string, violation: ViolationKind): void
  /** Records a violation that does not happen by accident; always disconnects and forgets the peer. */
  drop(peer: string, violation: ViolationKind): void
  /** Disconnects and forgets a peer that a person banned. */
  expel(peer: string): void
  /** Records a DHT put that this node refused. */
  refusedPut(peer: string, refusal: Refusal): void
}

export interface PeerPolicyDependencies {
  reputation: Pick<Reputation, 'observe' | 'isBanned'>
  pool: Pick<Pool, 'report' | 'drop'>
  /** Removes a peer from the known peers, so that it is not dialled again. */
  forget(peer: string): void
}

export const createPeerPolicy = ({ reputation, pool, forget }: PeerPolicyDependencies): PeerPolicy => {
  const disconnect = (peer: string, reason = 'protocol violation'): void => {
    forget(peer)
    pool.drop(peer, reason)
  }

  const reportViolation: PeerPolicy['reportViolation'] = (peer, violation) => {
    reputation.observe(peer, { kind: 'violation', fault: violation })
    if (reputation.isBanned(peer)) disconnect(peer)
  }

  return {
    experience(peer, event) {
      reputation.observe(peer, event)
      pool.report(peer, event.kind === 'ok' ? 'answered' : 'failed')
    },
    reportViolation,
    drop(peer, violation) {
      reputation.observe(peer, { kind: 'violation', fault: violation })
      disconnect(peer)
    },
    expel: (peer) => disconnect(peer, 'banned by a person'),
    refusedPut(peer, refusal) {
      // Another device of the publisher may honestly put an older value when it missed an update.
      if (refusal === 'older') reputation.observe(peer, { kind: 'failed' })
      else if (refusal !== 'unchecked') reportViolation(peer, refusal)
    },
  }
}

/** True for a failure by which a peer gave no answer at all. */
export const isSilence = (failure: unknown): boolean => failure instanceof Failure && failure.name === 'Timeout'

/** True for a failure that an honest peer cannot cause, however slow or broken its network is. */
export const isViolation = (failure: unknown): boolean =>
  failure instanceof Failure && ['RecordMalformed', 'RecordTooLarge', 'SignatureInvalid'].includes(failure.name)

export const faultOf = (failure: unknown): ViolationKind =>
  failure instanceof Failure && failure.name === 'SignatureInvalid' ? 'signature' : 'malformed'
