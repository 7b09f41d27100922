import type { KadDHT } from '@libp2p/kad-dht'
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
      // What is no record, or of no namespace that there is, does not come as far as the validator.
      onRefused(String(peer), error instanceof HeadRefused ? error.refusal : 'malformed')
      throw error
    }
  }
}

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
