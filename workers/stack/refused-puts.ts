import type { KadDHT } from '@libp2p/kad-dht'
import { DHT_NAMESPACE } from '../protocol/protocols.ts'
import { bytesToAscii } from '../protocol/text.ts'
import { HeadRefused, type Refusal } from './head-validator.ts'

/**
 * Tells of each peer that asked this node to store what it refused, and why. kad-dht resets its stream and says no more;
 * the handler of PUT_VALUE, which its interface does not offer, is where both the peer and the reason are known.
 */
export const watchRefusedPuts = (dht: KadDHT, onRefused: (peer: string, refusal: Refusal) => void): void => {
  const handler = putHandler(dht)
  if (handler === undefined) return
  const handle = handler.handle.bind(handler)
  handler.handle = async (peer, message) => {
    try {
      return await handle(peer, message)
    } catch (error) {
      onRefused(String(peer), refusalOf(error, message))
      throw error
    }
  }
}

/** What is not a record, or has no namespace, does not come as far as the validator. */
const refusalOf = (error: unknown, message: unknown): Refusal => {
  if (error instanceof HeadRefused) return error.refusal
  // Other namespaces are those of later versions.
  return isOfOtherNamespace(Reflect.get(Object(message), 'key')) ? 'unchecked' : 'malformed'
}

const isOfOtherNamespace = (key: unknown): boolean => {
  if (!(key instanceof Uint8Array)) return false
  const namespace = /^\/([a-z][a-z0-9-]{0,31})\/./.exec(bytesToAscii(key.subarray(0, maxNamespaceBytes)))?.[1]
  return namespace !== undefined && namespace !== DHT_NAMESPACE
}

/** Two slashes, a namespace, and a character of what follows. */
const maxNamespaceBytes = 35

interface Handler {
  handle(peer: unknown, message: unknown): Promise<unknown>
}

const putHandler = (dht: KadDHT): Handler | undefined => {
  const handler: unknown = ['rpc', 'handlers', 'PUT_VALUE'].reduce<unknown>(
    (part, name) => (part === undefined ? undefined : Reflect.get(Object(part), name)),
    dht,
  )
  return isHandler(handler) ? handler : undefined
}

const isHandler = (value: unknown): value is Handler => typeof Reflect.get(Object(value), 'handle') === 'function'
