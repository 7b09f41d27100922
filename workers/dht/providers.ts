import type { KadDHT } from '@libp2p/kad-dht'
import { CID } from 'multiformats/cid'

/** Telling the closest peers that we hold a root is given up after this long, ms. */
const provideTimeoutMs = 15_000

export interface Providers {
  /** Tells the peers closest to `root` that this one holds it; resolves with how many were told. */
  provide(root: string, signal: AbortSignal): Promise<number>
  /** Peers that said they hold `root`, each once, as they are found. Ends with the query or the signal; never throws. */
  find(root: string, signal: AbortSignal): AsyncGenerator<string>
}

/** Provider records of content roots (CIDs as text) in the DHT. */
export const createProviders = (dht: Pick<KadDHT, 'provide' | 'findProviders'>): Providers => ({
  async provide(root, signal) {
    let told = 0
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(provideTimeoutMs)])
    try {
      for await (const event of dht.provide(CID.parse(root), { signal: deadline })) {
        // ADD_PROVIDER has no answer on the wire: this event says that the message went out.
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told += 1
      }
    } catch (error) {
      if (told === 0 && !deadline.aborted) throw error
    }
    return told
  },

  async *find(root, signal) {
    const seen = new Set<string>()
    try {
      for await (const event of dht.findProviders(CID.parse(root), { signal })) {
        if (event.name !== 'PROVIDER' && event.name !== 'PEER_RESPONSE') continue
        for (const { id } of event.providers) {
          const peer = id.toString()
          if (seen.has(peer)) continue
          seen.add(peer)
          yield peer
        }
      }
    } catch {
      // The query's own end (not found, aborted) ends the list.
    }
  },
})
