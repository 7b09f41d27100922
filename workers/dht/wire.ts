import type { AbortOptions, PeerId, PeerInfo } from '@libp2p/interface'
import { type KadDHT, MessageType, type QueryEvent, Record } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import type { Candidate } from './query.ts'

export interface Contact extends Candidate {
  addresses: Multiaddr[]
}

export interface Answer {
  closer: Contact[]
  providers: string[]
  /** The value stored under the key, unchecked. */
  value: Uint8Array | undefined
}

/** What lookups need of a DHT node; the tests have one without a network. */
export interface Wire {
  readonly self: string
  isConnected(peer: string): boolean
  /** The peers to start from: those of the routing table that are closest to `key`, and all that are connected. */
  seeds(key: Uint8Array): Promise<Contact[]>
  /** Undefined when the peer has not answered; never rejects. */
  getValue(peer: Contact, key: Uint8Array, signal: AbortSignal): Promise<Answer | undefined>
  findNode(peer: Contact, key: Uint8Array, signal: AbortSignal): Promise<Answer | undefined>
  getProviders(peer: Contact, key: Uint8Array, signal: AbortSignal): Promise<Answer | undefined>
  /** True when the peer has said that it stored the value. */
  putValue(peer: Contact, key: Uint8Array, value: Uint8Array, signal: AbortSignal): Promise<boolean>
  /** True when the message went out: it has no answer. */
  addProvider(peer: Contact, key: Uint8Array, signal: AbortSignal): Promise<boolean>
  /** This node's own share of the DHT. */
  own: {
    getValue(key: Uint8Array): Promise<Uint8Array | undefined>
    putValue(key: Uint8Array, value: Uint8Array): Promise<void>
    getProviders(key: Uint8Array): Promise<string[]>
    addProvider(key: Uint8Array): Promise<void>
  }
}

/** Peers that an answer or the routing table names: k of Kademlia. */
const k = 20

/** What the wire needs of a libp2p node. */
export interface WireNode {
  peerId: PeerId
  getConnections(peer?: PeerId): { remotePeer: PeerId; limits?: unknown }[]
  getMultiaddrs(): Multiaddr[]
  peerStore: {
    merge(peer: PeerId, change: { multiaddrs: Multiaddr[] }): Promise<unknown>
    get(peer: PeerId): Promise<{ protocols: string[] }>
  }
  services: { dht: KadDHT }
}

/**
 * kad-dht's routing table, messages and datastore, one question at a time.
 *
 * The library's own queries walk on for seconds after their first answer, so only what they are made of is used. Its
 * interface does not offer these parts: what is there is checked once, here.
 * @throws TypeError when kad-dht has changed so that a part is missing.
 */
export const createWire = (node: WireNode, protocol: string): Wire => {
  const { dht } = node.services
  if (!hasParts(dht)) throw new TypeError('This version of kad-dht lacks a part that lookups need.')
  const self = node.peerId.toString()

  const direct = (): PeerId[] =>
    node.getConnections().flatMap(({ remotePeer, limits }) => (limits === undefined ? [remotePeer] : []))

  const isConnected = (peer: string): boolean =>
    node.getConnections(peerIdFromString(peer)).some(({ limits }) => limits === undefined)

  const contact = async (info: PeerInfo, target: Uint8Array): Promise<Contact> => ({
    id: info.id.toString(),
    distance: xor(await kadId(info.id.toMultihash().bytes), target),
    addresses: info.multiaddrs,
  })

  const ask = async (peer: Contact, question: Question, signal: AbortSignal): Promise<PeerResponse | undefined> => {
    const id = peerIdFromString(peer.id)
    try {
      // The dialler knows addresses only by the peer store.
      if (peer.addresses.length > 0 && !isConnected(peer.id))
        await node.peerStore.merge(id, { multiaddrs: peer.addresses })
      const send = question.type === MessageType.ADD_PROVIDER ? 'sendMessage' : 'sendRequest'
      for await (const event of dht.network[send](id, question, { signal, path }))
        if (event.name === 'PEER_RESPONSE') return event
    } catch {
      // Whatever it was, the peer has not answered.
    }
    return undefined
  }

  const answerOf = async (
    response: PeerResponse | undefined,
    key: Uint8Array,
    type: MessageType,
  ): Promise<Answer | undefined> => {
    if (response === undefined || response.messageType !== type) return undefined
    const target = await kadId(key)
    const { closer = [], providers = [], record } = response
    return {
      closer: await Promise.all(closer.slice(0, k).map((info) => contact(info, target))),
      providers: providers.slice(0, k).map(({ id }) => id.toString()),
      // A record for another key is no answer to this question.
      value: record !== undefined && equal(record.key, key) ? record.value : undefined,
    }
  }

  const asking =
    (type: MessageType) =>
    async (peer: Contact, key: Uint8Array, signal: AbortSignal): Promise<Answer | undefined> =>
      answerOf(await ask(peer, { type, key }, signal), key, type)

  return {
    self,
    isConnected,
    async seeds(key) {
      const target = await kadId(key)
      const seeds = new Map<string, PeerId>()
      for (const peer of dht.routingTable.closestPeers(target, { count: k })) seeds.set(peer.toString(), peer)
      // The table may lack a connected peer (a full bucket, a missed ping), and asking it costs one round trip.
      for (const peer of direct()) {
        if (seeds.has(peer.toString())) continue
        const known = await node.peerStore.get(peer).catch(() => undefined)
        if (known?.protocols.includes(protocol)) seeds.set(peer.toString(), peer)
      }
      return Promise.all([...seeds.values()].map((id) => contact({ id, multiaddrs: [] }, target)))
    },
    getValue: asking(MessageType.GET_VALUE),
    findNode: asking(MessageType.FIND_NODE),
    getProviders: asking(MessageType.GET_PROVIDERS),
    async putValue(peer, key, value, signal) {
      const record = recordOf(key, value)
      const response = await ask(peer, { type: MessageType.PUT_VALUE, key, record }, signal)
      return response?.record !== undefined && equal(response.record.value, value)
    },
    async addProvider(peer, key, signal) {
      const multiaddrs = node.getMultiaddrs().map(({ bytes }) => bytes)
      const providers = [{ id: node.peerId.toMultihash().bytes, multiaddrs }]
      return (await ask(peer, { type: MessageType.ADD_PROVIDER, key, providers }, signal)) !== undefined
    },
    own: {
      async getValue(key) {
        try {
          return (await dht.contentFetching.getLocal(key)).value
        } catch {
          // Not there, or older than what the validator has seen since.
          return undefined
        }
      },
      async putValue(key, value) {
        const message = { type: MessageType.PUT_VALUE, key, record: recordOf(key, value), closer: [], providers: [] }
        await dht.rpc.handleMessage(node.peerId, message)
      },
      getProviders: async (key) => (await dht.providers.getProviders(CID.decode(key))).map(String),
      addProvider: (key) => dht.providers.addProvider(CID.decode(key), node.peerId),
    },
  }
}

/** The place of a key or of a peer id's multihash in the key space. */
const kadId = async (bytes: Uint8Array): Promise<Uint8Array> => (await sha256.digest(bytes)).digest

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ (b[index] ?? 0))

const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

const recordOf = (key: Uint8Array, value: Uint8Array): Uint8Array =>
  new Record(key, value, new Date()).serialize().subarray()

/** kad-dht's events name the path of a query; here there is none. */
const path = { index: -1, queued: 0, running: 0, total: 0 }

interface Question {
  type: MessageType
  key: Uint8Array
  record?: Uint8Array
  providers?: { id: Uint8Array; multiaddrs: Uint8Array[] }[]
}

type PeerResponse = Pick<Extract<QueryEvent, { name: 'PEER_RESPONSE' }>, 'messageType' | 'record'> & {
  /** `sendMessage` leaves them out. */
  closer?: PeerInfo[]
  providers?: PeerInfo[]
}

type Send = (to: PeerId, question: Question, options: AbortOptions & { path: typeof path }) => AsyncIterable<QueryEvent>

interface Parts {
  network: { sendRequest: Send; sendMessage: Send }
  routingTable: { closestPeers(target: Uint8Array, options: { count: number }): PeerId[] }
  contentFetching: { getLocal(key: Uint8Array): Promise<{ value: Uint8Array }> }
  rpc: { handleMessage(from: PeerId, message: Question & { closer: never[]; providers: never[] }): Promise<unknown> }
  providers: { getProviders(cid: CID): Promise<PeerId[]>; addProvider(cid: CID, peer: PeerId): Promise<void> }
}

const hasParts = (dht: KadDHT): dht is KadDHT & Parts =>
  Object.entries({
    network: ['sendRequest', 'sendMessage'],
    routingTable: ['closestPeers'],
    contentFetching: ['getLocal'],
    rpc: ['handleMessage'],
    providers: ['getProviders', 'addProvider'],
  }).every(([part, methods]) => methods.every((method) => hasMethod(Reflect.get(dht, part), method)))

const hasMethod = (value: unknown, method: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
