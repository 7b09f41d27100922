import { createDhtHeads, type DhtHeads } from '../dht/dht-heads.ts'
import { createKadRpc, type KadRpc } from '../dht/kad-rpc.ts'
import { createProviders, type Providers, type ProvidersDependencies } from '../dht/providers.ts'
import { createRoundTrips } from '../dht/round-trips.ts'
import type { PeerNode } from '../net/create-node.ts'
import { dialForQuery } from '../net/dial-for-query.ts'
import type { Reputation } from '../peers/reputation.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { verifyDhtValue } from '../protocol/dht-value.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { PeerPolicy } from './peer-policy.ts'

export type DhtValueFound = Extract<Awaited<ReturnType<typeof verifyDhtValue>>, { ok: true }>['value']

export interface Dht {
  rpc: KadRpc
  heads: DhtHeads<DhtValueFound>
  providers: Providers
}

export interface DhtDependencies {
  crypto: CryptoProvider
  reputation: Pick<Reputation, 'observe' | 'isBanned' | 'scoreOf'>
  peerPolicy: PeerPolicy
  telemetry: Telemetry
  /** Monotonic (ms). */
  now(): number
}

/** DHT lookups of a node, with this protocol's formats. Peers are queried by reputation, banned ones not at all. */
export const createDht = (node: PeerNode, deps: DhtDependencies): Dht => {
  const { crypto, reputation, peerPolicy, now, telemetry } = deps
  const rpc = createKadRpc(node.libp2p, KAD_PROTOCOL, {
    onMalformed: (peer) => peerPolicy.drop(peer, 'malformed'),
    connect: (peer, addresses, operation) => dialForQuery(node, peer, addresses, operation),
  })
  const lookupDependencies: ProvidersDependencies & Pick<DhtDependencies, 'telemetry'> = {
    telemetry,
    rpc,
    roundTrips: createRoundTrips(),
    now,
    rank: (peer) => (reputation.isBanned(peer) ? undefined : reputation.scoreOf(peer)),
    onAnswer(peer, answer) {
      // With a dial included the time is no round trip, and a failed dial says nothing about a connection.
      if (answer !== undefined)
        peerPolicy.experience(peer, { kind: 'ok', ...(answer.connected ? { ms: answer.ms } : {}) })
      else if (rpc.isConnected(peer)) peerPolicy.experience(peer, { kind: 'failed' })
      else reputation.observe(peer, { kind: 'failed' })
    },
  }
  const heads = createDhtHeads<DhtValueFound>({
    ...lookupDependencies,
    async verify(key, value) {
      const found = await verifyDhtValue(key, value, crypto)
      if (!found.ok) return found.name === 'RecordUnsupported' ? 'unsupported' : undefined
      const { identity, head } = found.value
      return { identitySeq: identity.seq, seq: head.head.seq, value: found.value }
    },
    newest: node.heads.newest,
    onRejectedAnswer(peer, kind) {
      if (kind === 'forged') peerPolicy.drop(peer, 'signature')
      // An honest peer may have missed an update: the lookup sends it the newer head, and it only loses rank.
      else reputation.observe(peer, { kind: 'failed' })
    },
  })
  return { rpc, heads, providers: createProviders(lookupDependencies) }
}
