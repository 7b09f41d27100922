import type { PeerDetailView } from '../contract/telemetry-views.ts'
import type { PeerNode } from '../net/create-node.ts'
import type { Pool } from '../net/pool/pool.ts'

/** What the network knows of a connected peer beyond its row in the list. */
export type PeerConnection = Pick<PeerDetailView, 'addresses' | 'protocols' | 'streams'>

/** The peer chose all of these, so their number and length are limited. */
const maxAddresses = 32
const maxAddressCharacters = 400
const maxProtocols = 64
const maxProtocolCharacters = 128

/** Describes a connected peer; undefined without a connection. */
export const createDescribePeer =
  ({ libp2p }: Pick<PeerNode, 'libp2p'>, pool: Pick<Pool, 'peers'>) =>
  async (peer: string): Promise<PeerConnection | undefined> => {
    const id = pool.peers().find((each) => each.id.toString() === peer)?.id
    if (id === undefined) return undefined
    const known = await libp2p.peerStore.get(id).catch(() => undefined)
    const countByProtocol = new Map<string, number>()
    for (const { streams } of libp2p.getConnections(id))
      for (const { protocol } of streams)
        if (protocol !== '') countByProtocol.set(protocol, (countByProtocol.get(protocol) ?? 0) + 1)
    return {
      addresses: bounded(
        known?.addresses.map(({ multiaddr }) => multiaddr.toString()) ?? [],
        maxAddresses,
        maxAddressCharacters,
      ),
      protocols: bounded(known?.protocols ?? [], maxProtocols, maxProtocolCharacters).sort(),
      streams: bounded([...countByProtocol.keys()], maxProtocols, maxProtocolCharacters)
        .sort()
        .map((protocol) => ({ protocol, count: countByProtocol.get(protocol) ?? 0 })),
    }
  }

const bounded = (texts: readonly string[], count: number, characters: number): string[] =>
  [...new Set(texts)].filter(({ length }) => length <= characters).slice(0, count)
