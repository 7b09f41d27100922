import type { GossipSub } from '@libp2p/gossipsub'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** A length-prefixed frame of a gossip stream, before it is decoded. */
export interface Frame {
  readonly byteLength: number
  subarray(): Uint8Array
}

/** A message as its publisher signed it. */
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
  /** The frames that gossipsub reads of one stream. */
  frames(peer: string, frames: AsyncIterable<Frame>, stream: Stream): AsyncIterable<Frame>
  /** The messages of one RPC that gossipsub handles. */
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
 * Filters what peers send before gossipsub reads it.
 * @throws InternalsChanged, as all functions of this file.
 */
export const filterInbound = (pubsub: GossipSub, filter: InboundFilter): void => {
  const inside = internals(pubsub)
  const create = inside.createInboundStream.bind(pubsub)
  const read = inside.pipePeerReadStream.bind(pubsub)
  const handle = inside.handleReceivedRpc.bind(pubsub)
  /** The stream whose reading begins within this call. */
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

/** Lowers the score of a peer as one invalid message on the topic does. */
export const countInvalidMessage = (pubsub: GossipSub, peer: string, topic: string): void =>
  internals(pubsub).score.rejectInvalidMessage(peer, topic)

/** Lets `schedule` decide when gossipsub opens its stream to a peer on a new connection; by itself it opens one after the other. */
export const scheduleOutboundStreams = (
  pubsub: GossipSub,
  schedule: (peer: PeerId, open: () => Promise<void>) => void,
): void => {
  const inside = internals(pubsub)
  const create = inside.createOutboundStream.bind(pubsub)
  inside.createOutboundStream = async (peer, connection) => schedule(peer, () => create(peer, connection))
}

/** Whether there is a stream to this peer: it may have subscribed before. */
export const hasOutboundStream = (pubsub: GossipSub, peer: string): boolean =>
  internals(pubsub).streamsOutbound.has(peer)

/** Sends messages of others to one peer, as they were signed. False without a stream to it, or without room. */
export const sendMessages = (pubsub: GossipSub, peer: string, messages: readonly RawMessage[]): boolean =>
  internals(pubsub).sendRpc(peer, { subscriptions: [], messages })

/** Lets a message be published again that reached nobody, which gossipsub counts as sent. */
export const forgetPublished = async (pubsub: GossipSub, topic: string, data: Uint8Array): Promise<void> => {
  const inside = internals(pubsub)
  inside.seenCache.entries.delete(inside.msgIdToStrFn(await inside.msgIdFn({ topic, data })))
}

/** The peers in this node's mesh of a topic. */
export const meshPeers = (pubsub: GossipSub, topic: string): string[] => internals(pubsub).getMeshPeers(topic)
