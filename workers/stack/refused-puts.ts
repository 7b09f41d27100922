import type { KadDHT } from '@libp2p/kad-dht'
import { watchRejectedPuts } from '../libp2p-internals/kad-dht.ts'
import { DHT_NAMESPACE } from '../protocol/protocols.ts'
import { bytesToAscii } from '../protocol/text.ts'
import { HeadRefused, type Refusal } from './head-validator.ts'

/** Reports each peer that asked this node to store what it refused, and why. */
export const watchRefusedPuts = (dht: KadDHT, onRefused: (peer: string, refusal: Refusal) => void): void =>
  watchRejectedPuts(dht, (peer, { key }, error) => onRefused(peer, refusalOf(error, key)))

/** What is not a record, or has no namespace, does not come as far as the validator. */
const refusalOf = (error: unknown, key: unknown): Refusal => {
  if (error instanceof HeadRefused) return error.refusal
  // Other namespaces are those of later versions.
  return isOfOtherNamespace(key) ? 'unchecked' : 'malformed'
}

const isOfOtherNamespace = (key: unknown): boolean => {
  if (!(key instanceof Uint8Array)) return false
  const namespace = /^\/([a-z][a-z0-9-]{0,31})\/./.exec(bytesToAscii(key.subarray(0, maxNamespaceBytes)))?.[1]
  return namespace !== undefined && namespace !== DHT_NAMESPACE
}

/** Two slashes, a namespace, and a character of what follows. */
const maxNamespaceBytes = 35
