import type { PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { CID } from 'multiformats/cid'
import { internalsOf } from './internals.ts'

/** kad-dht's routing table, which its public interface lacks. */
export interface RoutingTable {
  readonly size: number
  find(peer: PeerId): Promise<PeerId | undefined>
  /** Adds a peer if it answers a ping. */
  add(peer: PeerId): Promise<void>
  remove(peer: PeerId): Promise<void>
  closestPeers(kadId: Uint8Array, options: { count: number }): PeerId[]
}

/** This node's share of the DHT: its records, its providers and its message handlers. */
export interface LocalShare {
  contentFetching: { getLocal(key: Uint8Array): Promise<{ value: Uint8Array }> }
  rpc: { handleMessage(from: PeerId, message: PutValueMessage): Promise<unknown> }
  providers: { getProviders(cid: CID): Promise<PeerId[]>; addProvider(cid: CID, peer: PeerId): Promise<void> }
}

export interface PutValueMessage {
  type: 'PUT_VALUE'
  key: Uint8Array
  record: Uint8Array
  closer: readonly never[]
  providers: readonly never[]
}

interface Internals {
  readonly routingTable: RoutingTable
  readonly routingTableRefresh: { refreshTable(force?: boolean): void }
  readonly contentFetching: LocalShare['contentFetching']
  readonly rpc: LocalShare['rpc'] & { readonly handlers: { readonly PUT_VALUE: MessageHandler } }
  readonly providers: LocalShare['providers']
}

interface MessageHandler {
  handle(from: unknown, message: unknown): Promise<unknown>
}

const internals = internalsOf<Internals>('@libp2p/kad-dht', {
  'routingTable.size': 'number',
  'routingTable.find': 'function',
  'routingTable.add': 'function',
  'routingTable.remove': 'function',
  'routingTable.closestPeers': 'function',
  'routingTableRefresh.refreshTable': 'function',
  'contentFetching.getLocal': 'function',
  'rpc.handleMessage': 'function',
  'rpc.handlers.PUT_VALUE.handle': 'function',
  'providers.getProviders': 'function',
  'providers.addProvider': 'function',
})

/** @throws InternalsChanged, as all functions of this file. */
export const routingTable = (dht: KadDHT): RoutingTable => internals(dht).routingTable

export const localShare = (dht: KadDHT): LocalShare => internals(dht)

/** Disables the periodic lookups of a random key in each bucket. */
export const disableTableRefresh = (dht: KadDHT): void => {
  internals(dht).routingTableRefresh.refreshTable = () => {}
}

/**
 * Calls `onRejected` when a PUT_VALUE of a peer fails. kad-dht only resets the stream; only its handler has the peer, the
 * message and the reason.
 */
export const watchRejectedPuts = (
  dht: KadDHT,
  onRejected: (peer: string, message: { readonly key: unknown }, error: unknown) => void,
): void => {
  const handler = internals(dht).rpc.handlers.PUT_VALUE
  const handle = handler.handle.bind(handler)
  handler.handle = async (from, message) => {
    try {
      return await handle(from, message)
    } catch (error) {
      onRejected(String(from), { key: Reflect.get(Object(message), 'key') }, error)
      throw error
    }
  }
}

/**
 * Calls `onRequest` when a DHT request of a peer begins, with its type as the peer sent it, and the returned function
 * when it has ended; `error` is undefined for one that was answered.
 */
export const watchRequests = (
  dht: KadDHT,
  onRequest: (request: { peer: string; type: unknown }) => (error: unknown) => void,
): void => {
  const { rpc } = internals(dht)
  const handle = rpc.handleMessage.bind(rpc)
  rpc.handleMessage = async (from, message) => {
    const ended = onRequest({ peer: String(from), type: message.type })
    try {
      const answer = await handle(from, message)
      ended(undefined)
      return answer
    } catch (error) {
      ended(error)
      throw error
    }
  }
}
