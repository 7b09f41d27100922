import type { AbortOptions, Connection, Metrics, PeerId, Stream } from '@libp2p/interface'
import { type KadDHT, Record } from '@libp2p/kad-dht'
import { peerIdFromMultihash, peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { localShare, routingTable } from '../libp2p-internals/kad-dht.ts'
import { sameBytes } from '../protocol/bytes.ts'
import { createLruMap } from '../stack/lru-map.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { QueryPeer } from './kad-query.ts'
import {
  decodeAnswer,
  encodeQuestion,
  type MessagePeer,
  type MessageType,
  messageTypes,
  type Question,
} from './message.ts'
import { AnswerMalformed, requestOptimistically } from './optimistic-request.ts'

export interface Contact extends QueryPeer {
  addresses: Multiaddr[]
}

/** The peer to ask; its addresses matter only while it is not connected. */
export type Addressee = Pick<Contact, 'id' | 'addresses'>

export interface Answer {
  closer: Contact[]
  providers: string[]
  /** The value stored under the key, not verified. */
  value: Uint8Array | undefined
}

/** DHT requests as lookups need them; tests implement them without a network. */
export interface KadRpc {
  readonly self: string
  isConnected(peer: string): boolean
  /** The first peers to ask: the closest to `key` in the routing table, and all connected DHT peers. */
  seeds(key: Uint8Array): Promise<Contact[]>
  /** Undefined if the peer did not answer; never rejects. */
  getValue(peer: Contact, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  findNode(peer: Addressee, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  getProviders(peer: Contact, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  /** True if the peer confirmed that it stored the value. */
  putValue(peer: Contact, key: Uint8Array, value: Uint8Array, operation: Operation): Promise<boolean>
  /** True if the message went out; ADD_PROVIDER has no answer. */
  addProvider(peer: Contact, key: Uint8Array, operation: Operation): Promise<boolean>
  /** This node's own share of the DHT. */
  own: {
    getValue(key: Uint8Array): Promise<Uint8Array | undefined>
    putValue(key: Uint8Array, value: Uint8Array): Promise<void>
    getProviders(key: Uint8Array): Promise<string[]>
    addProvider(key: Uint8Array): Promise<void>
  }
}

/** Seeds taken from the routing table: k of Kademlia. */
const k = 20

/** Locally stored providers that a lookup uses: more than any fetch asks. */
const maxProviders = 64

/** Peers whose parsed id and Kademlia id are cached: parsing and hashing would dominate the cost of an answer. */
const maxCached = 2_048

/** The part of a libp2p node that the RPCs use. */
export interface KadRpcNode {
  peerId: PeerId
  getConnections(peer?: PeerId): Connection[]
  getMultiaddrs(): Multiaddr[]
  dial(peer: PeerId, options: AbortOptions): Promise<Connection>
  peerStore: {
    merge(peer: PeerId, change: { multiaddrs: Multiaddr[] }): Promise<unknown>
    get(peer: PeerId): Promise<{ protocols: string[] }>
  }
  services: { dht: KadDHT }
  metrics?: Pick<Metrics, 'trackProtocolStream'>
}

export interface KadRpcOptions {
  /**
   * Connects to a peer at the addresses that others reported. The default adds them to the peer store and dials the peer.
   */
  connect?(peer: PeerId, addresses: readonly Multiaddr[], operation: Operation): Promise<Connection>
  /** A peer sent a malformed answer. */
  onMalformed?(peer: string): unknown
}

/**
 * kad-dht's routing table and datastore, and requests to DHT servers in one round trip each.
 *
 * kad-dht's own queries continue for seconds after their first answer, so this uses only their building blocks.
 * @throws InternalsChanged when kad-dht lacks one of them.
 */
export const createKadRpc = (
  node: KadRpcNode,
  protocol: string,
  { onMalformed = () => {}, connect = connectByPeerStore(node) }: KadRpcOptions = {},
): KadRpc => {
  const { dht } = node.services
  const table = routingTable(dht)
  const local = localShare(dht)
  const self = node.peerId.toString()
  const peers = createLruMap<CachedPeer>(maxCached)

  /** As libp2p does for streams that it opens itself. */
  const onStream = (stream: Stream): void => node.metrics?.trackProtocolStream(stream)

  const cachedPeer = (text: string, id?: PeerId): CachedPeer => {
    const cached = peers.peek(text)
    if (cached !== undefined) return cached
    const peer: CachedPeer = { id: id ?? peerIdFromString(text), kadId: undefined }
    peers.set(text, peer)
    return peer
  }

  /** The newest one: an old connection may have died unnoticed. */
  const directConnection = (peer: PeerId): Connection | undefined =>
    node
      .getConnections(peer)
      .filter(({ limits, status }) => limits === undefined && status === 'open')
      .sort((a, b) => b.timeline.open - a.timeline.open)[0]

  const isConnected = (peer: string): boolean => directConnection(cachedPeer(peer).id) !== undefined

  const contact = async (id: PeerId, addresses: Multiaddr[], target: Uint8Array): Promise<Contact> => {
    const text = id.toString()
    const peer = cachedPeer(text, id)
    peer.kadId ??= await kadIdOf(id.toMultihash().bytes)
    return { id: text, distance: xor(peer.kadId, target), addresses }
  }

  const contactsOf = async (peers: readonly MessagePeer[], target: Uint8Array): Promise<Contact[]> => {
    const contacts = peers.flatMap(({ id, multiaddrs }) => {
      const peer = idOf(id)
      return peer === undefined ? [] : [contact(peer, multiaddrs.flatMap(addressOf), target)]
    })
    return Promise.all(contacts)
  }

  /** Undefined if there is no valid answer, for any reason. */
  const ask = async (peer: Addressee, question: Question, operation: Operation): Promise<Uint8Array | undefined> => {
    const { id } = cachedPeer(peer.id)
    try {
      let connection = directConnection(id)
      if (connection === undefined) {
        connection = await connect(id, peer.addresses, operation)
        // An address proves nothing: another peer may answer there.
        if (connection.limits !== undefined || !connection.remotePeer.equals(id)) return undefined
      }
      const hasAnswer = question.type !== messageTypes.addProvider
      return await requestOptimistically(connection, protocol, encodeQuestion(question), {
        operation,
        hasAnswer,
        onStream,
      })
    } catch (error) {
      if (error instanceof AnswerMalformed) onMalformed(peer.id)
      return undefined
    }
  }

  const askForAnswer = async (peer: Addressee, question: Question, operation: Operation) => {
    const bytes = await ask(peer, question, operation)
    if (bytes === undefined) return undefined
    const answer = decodeAnswer(bytes)
    if (answer?.type === question.type) return answer
    onMalformed(peer.id)
    return undefined
  }

  const requestOf =
    (type: MessageType) =>
    async (peer: Addressee, key: Uint8Array, operation: Operation): Promise<Answer | undefined> => {
      const answer = await askForAnswer(peer, { type, key }, operation)
      if (answer === undefined) return undefined
      return {
        closer: await contactsOf(answer.closer, await kadIdOf(key)),
        providers: answer.providers.flatMap(({ id }) => idOf(id)?.toString() ?? []),
        value: storedUnder(answer.record, key),
      }
    }

  return {
    self,
    isConnected,
    async seeds(key) {
      const target = await kadIdOf(key)
      const seeds = new Map<string, PeerId>()
      for (const peer of table.closestPeers(target, { count: k })) seeds.set(peer.toString(), peer)
      // The table may lack a connected peer (a full bucket, a missed ping), and asking it costs one round trip.
      for (const { remotePeer: peer, limits } of node.getConnections()) {
        if (limits !== undefined || seeds.has(peer.toString())) continue
        const stored = await node.peerStore.get(peer).catch(() => undefined)
        if (stored?.protocols.includes(protocol)) seeds.set(peer.toString(), peer)
      }
      return Promise.all([...seeds.values()].map((id) => contact(id, [], target)))
    },
    getValue: requestOf(messageTypes.getValue),
    findNode: requestOf(messageTypes.findNode),
    getProviders: requestOf(messageTypes.getProviders),
    async putValue(peer, key, value, operation) {
      const question = { type: messageTypes.putValue, key, record: recordOf(key, value) }
      const stored = storedUnder((await askForAnswer(peer, question, operation))?.record, key)
      return stored !== undefined && sameBytes(stored, value)
    },
    async addProvider(peer, key, operation) {
      const multiaddrs = node.getMultiaddrs().map(({ bytes }) => bytes)
      const providers = [{ id: node.peerId.toMultihash().bytes, multiaddrs }]
      return (await ask(peer, { type: messageTypes.addProvider, key, providers }, operation)) !== undefined
    },
    own: {
      async getValue(key) {
        try {
          return (await local.contentFetching.getLocal(key)).value
        } catch {
          // Absent, or older than a value that the validator has seen since.
          return undefined
        }
      },
      async putValue(key, value) {
        const message = { type: 'PUT_VALUE', key, record: recordOf(key, value), closer: [], providers: [] } as const
        await local.rpc.handleMessage(node.peerId, message)
      },
      getProviders: async (key) =>
        (await local.providers.getProviders(CID.decode(key))).slice(0, maxProviders).map(String),
      addProvider: (key) => local.providers.addProvider(CID.decode(key), node.peerId),
    },
  }
}

const connectByPeerStore =
  (node: KadRpcNode) =>
  async (peer: PeerId, addresses: readonly Multiaddr[], operation: Operation): Promise<Connection> => {
    // The dialer takes addresses only from the peer store.
    if (addresses.length > 0) await node.peerStore.merge(peer, { multiaddrs: [...addresses] })
    return node.dial(peer, { signal: operation.signal })
  }

interface CachedPeer {
  id: PeerId
  /** Computed on first use. */
  kadId: Uint8Array | undefined
}

/** The Kademlia id of a key or of a peer id's multihash. */
const kadIdOf = async (bytes: Uint8Array): Promise<Uint8Array> => (await sha256.digest(bytes)).digest

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ (b[index] ?? 0))

const idOf = (multihash: Uint8Array): PeerId | undefined => {
  try {
    return peerIdFromMultihash(decodeDigest(multihash))
  } catch {
    return undefined
  }
}

const addressOf = (bytes: Uint8Array): Multiaddr[] => {
  try {
    return [multiaddr(bytes)]
  } catch {
    // An unknown transport.
    return []
  }
}

const recordOf = (key: Uint8Array, value: Uint8Array): Uint8Array =>
  new Record(key, value, new Date()).serialize().subarray()

/** The value in a record; undefined for a record of another key. */
const storedUnder = (record: Uint8Array | undefined, key: Uint8Array): Uint8Array | undefined => {
  if (record === undefined) return undefined
  try {
    const { key: ofKey, value } = Record.deserialize(record)
    return sameBytes(ofKey, key) ? value : undefined
  } catch {
    return undefined
  }
}
