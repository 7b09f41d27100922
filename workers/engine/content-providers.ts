import type { Providers } from '../dht/providers.ts'
import type { Pool } from '../net/pool/pool.ts'
import { rootToText } from '../protocol/ids.ts'
import type { NetworkContent, NetworkDht } from './network-concerns.ts'

export interface ContentProvidersDependencies {
  /** Peer id of this node. */
  self: string
  pool: Pick<Pool, 'peers'>
  isRelay(peer: string): boolean
  findInDht: Providers['find']
}

export interface ContentProviders {
  readonly find: NetworkContent['findProviders']
  readonly count: NetworkDht['countProviders']
}

/** Peers that may hold package content. */
export const createContentProviders = (deps: ContentProvidersDependencies): ContentProviders => {
  const { self, pool, isRelay, findInDht } = deps
  return {
    async *find(root, operation) {
      const seen = new Set([self])
      // Peers with a direct connection come before relayed ones.
      const connected = pool.peers().filter(({ id }) => !isRelay(id.toString()))
      for (const { id } of connected.sort((a, b) => Number(b.direct) - Number(a.direct))) {
        const peer = id.toString()
        seen.add(peer)
        yield peer
      }
      for await (const peer of findInDht(rootToText(root), operation)) {
        if (seen.has(peer)) continue
        seen.add(peer)
        yield peer
      }
    },
    async count(root, operation) {
      const peers = new Set<string>()
      for await (const peer of findInDht(rootToText(root), operation)) if (peer !== self) peers.add(peer)
      return peers.size
    },
  }
}
