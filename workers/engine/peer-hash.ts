import { concatBytes } from '../protocol/bytes.ts'
import type { Sha256 } from '../protocol/crypto.ts'
import { toHex } from '../protocol/ids.ts'
import { createLruMap } from '../stack/lru-map.ts'

/** Peers whose hash is remembered. */
const maxPeers = 1_000

/** Characters of a hash: enough to tell the peers of a network apart. */
const hashCharacters = 16

/** Names a peer by a hash with the profile's salt: the same peer has the same name in all traces of this profile only. */
export const createPeerHash = (salt: Uint8Array, sha256: Sha256): ((peer: string) => Promise<string>) => {
  const hashes = createLruMap<Promise<string>>(maxPeers)
  return (peer) =>
    hashes.getOrCreate(peer, async () =>
      toHex(await sha256(concatBytes([salt, new TextEncoder().encode(peer)]))).slice(0, hashCharacters),
    )
}
