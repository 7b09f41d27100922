import type { AbortOptions, Connection, PeerId } from '@libp2p/interface'
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
import {
  decodeAnswer,
  encodeQuestion,
  type MessagePeer,
  type MessageType,
  messageTypes,
  type Question,
} from './message.ts'
import { AnswerMalformed, requestOptimistically } from './optimistic-request.ts'
import type { QueryPeer } from './query.ts'

export interface Contact extends QueryPeer {
  addresses: Multiaddr[]
}

/** Whom to ask; addresses are needed of one that is not connected. */
export type Addressee = Pick<Contact, 'id' | 'addresses'>

export interface Answer {
  closer: Contact[]
  providers: string[]
  /** The value stored under the key, unchecked. */
  value: Uint8Array | undefined
}

/** What lookups need of a DHT node; the tests have one without a network. */
export interface KadRpc {
  readonly self: string
  isConnected(peer: string): boolean
  /** The peers to start from: those of the routing table that are closest to `key`, and all that are connected. */
  seeds(key: Uint8Array): Promise<Contact[]>
  /** Undefined when the peer has not answered; never rejects. */
  getValue(peer: Contact, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  findNode(peer: Addressee, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  getProviders(peer: Contact, key: Uint8Array, operation: Operation): Promise<Answer | undefined>
  /** True when the peer has said that it stored the value. */
  putValue(peer: Contact, key: Uint8Array, value: Uint8Array, operation: Operation): Promise<boolean>
  /** True when the message went out: it has no answer. */
  addProvider(peer: Contact, key: Uint8Array, operation: Operation): Promise<boolean>
  /** This node's own share of the DHT. */
  own: {
    getValue(key: Uint8Array): Promise<Uint8Array | undefined>
    putValue(key: Uint8Array, value: Uint8Array): Promise<void>
    getProviders(key: Uint8Array): Promise<string[]>
    addProvider(key: Uint8Array): Promise<void>
  }
}

/** Peers that the routing table is asked for: k of Kademlia. */
const k = 20

/** Providers taken from what others have stored here: more than any fetch asks. */
const maxProviders = 64

/** Peers whose id and place in the key space are kept at hand; parsing and hashing them takes longer than the rest. */
const maxRemembered = 2_048

/** What the wire needs of a libp2p node. */
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
}

export interface KadRpcOptions {
  /**
   * Connects to a peer, by the addresses that others named for it. The default asks the node, which adds them to those it
   * knows.
   */
  connect?(peer: PeerId, addresses: readonly Multiaddr[], operation: Operation): Promise<Connection>
  /** A peer answered with what no honest one sends. */
  onMalformed?(peer: string): unknown
}

/**
 * kad-dht's routing table and datastore, and questions to its servers, each in one round trip.
 *
 * The library's own queries walk on for seconds after their first answer, so only what they are made of is used.
 * @throws InternalsChanged when kad-dht lacks a part of that.
 */
export const createKadRpc = (
  node: KadRpcNode,
  protocol: string,
  { onMalformed = () => {}, connect = connectAsKnown(node) }: KadRpcOptions = {},
): KadRpc => {
  const { dht } = node.services
  const table = routingTable(dht)
  const local = localShare(dht)
  const self = node.peerId.toString()
  const remembered = createLruMap<Remembered>(maxRemembered)

  const remember = (text: string, id?: PeerId): Remembered => {
    const known = remembered.peek(text)
    if (known !== undefined) return known
    const peer: Remembered = { id: id ?? peerIdFromString(text), place: undefined }
    remembered.set(text, peer)
    return peer
  }

  /** The newest first: an old connection may be dead unnoticed. */
  const directConnection = (peer: PeerId): Connection | undefined =>
    node
      .getConnections(peer)
      .filter(({ limits, status }) => limits === undefined && status === 'open')
      .sort((a, b) => b.timeline.open - a.timeline.open)[0]

  const isConnected = (peer: string): boolean => directConnection(remember(peer).id) !== undefined

  const contact = async (id: PeerId, addresses: Multiaddr[], target: Uint8Array): Promise<Contact> => {
    const text = id.toString()
    const peer = remember(text, id)
    peer.place ??= await kadId(id.toMultihash().bytes)
    return { id: text, distance: xor(peer.place, target), addresses }
  }

  const named = async (peers: readonly MessagePeer[], target: Uint8Array): Promise<Contact[]> => {
    const contacts = peers.flatMap(({ id, multiaddrs }) => {
      const peer = idOf(id)
      return peer === undefined ? [] : [contact(peer, multiaddrs.flatMap(addressOf), target)]
    })
    return Promise.all(contacts)
  }

  /** Undefined when there was no answer, whyever. */
  const ask = async (peer: Addressee, question: Question, operation: Operation): Promise<Uint8Array | undefined> => {
    const { id } = remember(peer.id)
    try {
      let connection = directConnection(id)
      if (connection === undefined) {
        connection = await connect(id, peer.addresses, operation)
        // An address proves nothing: who answers there may be another peer.
        if (connection.limits !== undefined || !connection.remotePeer.equals(id)) return undefined
      }
      const hasAnswer = question.type !== messageTypes.addProvider
      return await requestOptimistically(connection, protocol, encodeQuestion(question), { operation, hasAnswer })
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

  const asking =
    (type: MessageType) =>
    async (peer: Addressee, key: Uint8Array, operation: Operation): Promise<Answer | undefined> => {
      const answer = await askForAnswer(peer, { type, key }, operation)
      if (answer === undefined) return undefined
      return {
        closer: await named(answer.closer, await kadId(key)),
        providers: answer.providers.flatMap(({ id }) => idOf(id)?.toString() ?? []),
        value: storedUnder(answer.record, key),
      }
    }

  return {
    self,
    isConnected,
    async seeds(key) {
      const target = await kadId(key)
      const seeds = new Map<string, PeerId>()
      for (const peer of table.closestPeers(target, { count: k })) seeds.set(peer.toString(), peer)
      // The table may lack a connected peer (a full bucket, a missed ping), and asking it costs one round trip.
      for (const { remotePeer: peer, limits } of node.getConnections()) {
        if (limits !== undefined || seeds.has(peer.toString())) continue
        const known = await node.peerStore.get(peer).catch(() => undefined)
        if (known?.protocols.includes(protocol)) seeds.set(peer.toString(), peer)
      }
      return Promise.all([...seeds.values()].map((id) => contact(id, [], target)))
    },
    getValue: asking(messageTypes.getValue),
    findNode: asking(messageTypes.findNode),
    getProviders: asking(messageTypes.getProviders),
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
          // Not there, or older than what the validator has seen since.
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

const connectAsKnown =
  (node: KadRpcNode) =>
  async (peer: PeerId, addresses: readonly Multiaddr[], operation: Operation): Promise<Connection> => {
    // The dialler knows addresses only by the peer store.
    if (addresses.length > 0) await node.peerStore.merge(peer, { multiaddrs: [...addresses] })
    return node.dial(peer, { signal: operation.signal })
  }

interface Remembered {
  id: PeerId
  /** Its Kademlia id, once it was needed. */
  place: Uint8Array | undefined
}

/** The place of a key or of a peer id's multihash in the key space. */
const kadId = async (bytes: Uint8Array): Promise<Uint8Array> => (await sha256.digest(bytes)).digest

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
    // Of a transport that is not known here.
    return []
  }
}

const recordOf = (key: Uint8Array, value: Uint8Array): Uint8Array =>
  new Record(key, value, new Date()).serialize().subarray()

/** The value in a record; undefined for one of another key, which answers another question. */
const storedUnder = (record: Uint8Array | undefined, key: Uint8Array): Uint8Array | undefined => {
  if (record === undefined) return undefined
  try {
    const { key: ofKey, value } = Record.deserialize(record)
    return sameBytes(ofKey, key) ? value : undefined
  } catch {
    return undefined
  }
}
