import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** A length-prefixed frame of a gossip stream, before it is decoded. */
export interface Frame {
  readonly byteLength: number
  subarray(): Uint8Array
}

/** A message with its publisher's signature. */
export interface RawMessage {
  readonly from: Uint8Array
  readonly data: Uint8Array
  readonly seqno: Uint8Array
  readonly topic: string
  readonly signature: Uint8Array
  readonly key: Uint8Array
}

interface ReceivedMessage {
  readonly data?: Uint8Array
}

export interface InboundFilter {
  /** Filters the frames that gossipsub reads from a stream. */
  frames(peer: string, frames: AsyncIterable<Frame>, stream: Stream): AsyncIterable<Frame>
  /** Filters the messages of one RPC. */
  messages<Message extends ReceivedMessage>(peer: string, messages: readonly Message[]): readonly Message[]
}

interface Internals {
  createInboundStream(peer: PeerId, stream: Stream): void
  createOutboundStream(peer: PeerId, connection: Connection): Promise<void>
  pipePeerReadStream(peer: PeerId, frames: AsyncIterable<Frame>): Promise<void>
  handleReceivedRpc(from: PeerId, rpc: { readonly messages: readonly ReceivedMessage[] }): Promise<void>
  sendRpc(peer: string, rpc: { subscriptions: []; messages: readonly RawMessage[] }): boolean
  getMeshPeers(topic: string): string[]
  msgIdFn(message: { topic: string; data: Uint8Array }): Promise<Uint8Array> | Uint8Array
  msgIdToStrFn(id: Uint8Array): string
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  readonly seenCache: { readonly entries: Map<string, unknown> }
  readonly score: { rejectInvalidMessage(peer: string, topic: string): void }
}

const internals = internalsOf<Internals>('@libp2p/gossipsub', {
  createInboundStream: 'function',
  createOutboundStream: 'function',
  pipePeerReadStream: 'function',
  handleReceivedRpc: 'function',
  sendRpc: 'function',
  getMeshPeers: 'function',
  msgIdFn: 'function',
  msgIdToStrFn: 'function',
  streamsOutbound: 'Map',
  'seenCache.entries': 'Map',
  'score.rejectInvalidMessage': 'function',
})

/**
 * Filters inbound frames and messages before gossipsub reads them.
 * @throws InternalsChanged, as all functions of this file.
 */
export const filterInbound = (pubsub: GossipSub, filter: InboundFilter): void => {
  const inside = internals(pubsub)
  const create = inside.createInboundStream.bind(pubsub)
  const read = inside.pipePeerReadStream.bind(pubsub)
  const handle = inside.handleReceivedRpc.bind(pubsub)
  /** The stream that the current call starts reading. */
  let opening: Stream | undefined

  inside.createInboundStream = (peer, stream) => {
    opening = stream
    try {
      create(peer, stream)
    } finally {
      opening = undefined
    }
  }
  inside.pipePeerReadStream = async (from, frames) => {
    if (opening === undefined) throw new Error('gossipsub reads from a stream that it has not just accepted.')
    return read(from, filter.frames(from.toString(), frames, opening))
  }
  inside.handleReceivedRpc = (from, rpc) =>
    handle(from, { ...rpc, messages: filter.messages(from.toString(), rpc.messages) })
}

/** Lowers the score of a peer by one invalid message on the topic. */
export const countInvalidMessage = (pubsub: GossipSub, peer: string, topic: string): void =>
  internals(pubsub).score.rejectInvalidMessage(peer, topic)

/** Lets `schedule` decide when to open the stream to a peer on a new connection; stock gossipsub opens them one by one. */
export const scheduleOutboundStreams = (
  pubsub: GossipSub,
  schedule: (peer: PeerId, open: () => Promise<void>) => void,
): void => {
  const inside = internals(pubsub)
  const create = inside.createOutboundStream.bind(pubsub)
  inside.createOutboundStream = async (peer, connection) => schedule(peer, () => create(peer, connection))
}

/** Whether the peer is writable; it may have subscribed before its stream opened. */
export const hasOutboundStream = (pubsub: GossipSub, peer: string): boolean =>
  internals(pubsub).streamsOutbound.has(peer)

/** Sends signed messages of other publishers to one peer. False without a stream to it or without buffer space. */
export const sendMessages = (pubsub: GossipSub, peer: string, messages: readonly RawMessage[]): boolean =>
  internals(pubsub).sendRpc(peer, { subscriptions: [], messages })

/** Allows a message that reached no peer to be published again; gossipsub would reject it as a duplicate. */
export const forgetPublished = async (pubsub: GossipSub, topic: string, data: Uint8Array): Promise<void> => {
  const inside = internals(pubsub)
  inside.seenCache.entries.delete(inside.msgIdToStrFn(await inside.msgIdFn({ topic, data })))
}

/** Mesh peers of a topic. */
export const meshPeers = (pubsub: GossipSub, topic: string): string[] => internals(pubsub).getMeshPeers(topic)
