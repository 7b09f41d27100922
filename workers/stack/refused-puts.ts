import type { KadDHT } from '@libp2p/kad-dht'
import { watchRejectedPuts } from '../libp2p-internals/kad-dht.ts'
import { DHT_NAMESPACE } from '../protocol/protocols.ts'
import { bytesToAscii } from '../protocol/text.ts'
import { HeadRefused, type Refusal } from './head-validator.ts'

/** Reports each peer whose PUT_VALUE this node refused, with the reason. */
export const watchRefusedPuts = (dht: KadDHT, onRefused: (peer: string, refusal: Refusal) => void): void =>
  watchRejectedPuts(dht, (peer, { key }, error) => onRefused(peer, refusalOf(error, key)))

/** A malformed record, or one without a namespace, never reaches the validator. */
const refusalOf = (error: unknown, key: unknown): Refusal => {
  if (error instanceof HeadRefused) return error.refusal
  // Later versions may use other namespaces.
  return isOfOtherNamespace(key) ? 'unchecked' : 'malformed'
}

const isOfOtherNamespace = (key: unknown): boolean => {
  if (!(key instanceof Uint8Array)) return false
  const namespace = /^\/([a-z][a-z0-9-]{0,31})\/./.exec(bytesToAscii(key.subarray(0, maxNamespaceBytes)))?.[1]
  return namespace !== undefined && namespace !== DHT_NAMESPACE
}

/** Two slashes, a namespace and one character of the rest. */
const maxNamespaceBytes = 35
