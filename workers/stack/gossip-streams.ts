import type { GossipSub, SubscriptionChangeData } from '@libp2p/gossipsub'
import type { Connection, PeerId } from '@libp2p/interface'
import { createCoalescedRuns } from './coalesced-runs.ts'

/** What of gossipsub is internal to it, and pinned with its version. */
interface Internals {
  createOutboundStream(peer: PeerId, connection: Connection): Promise<void>
  readonly streamsOutbound: ReadonlyMap<string, unknown>
  msgIdFn(message: { topic: string; data: Uint8Array }): Promise<Uint8Array> | Uint8Array
  msgIdToStrFn(id: Uint8Array): string
  readonly seenCache: { readonly entries: Map<string, unknown> }
  sendRpc(peer: string, rpc: { subscriptions: []; messages: readonly RawMessage[] }): boolean
}

export interface RawMessage {
  readonly from: Uint8Array
  readonly data: Uint8Array
  readonly seqno: Uint8Array
  readonly topic: string
  readonly signature: Uint8Array
  readonly key: Uint8Array
}

type Listener = (peer: string) => void

const listenersByPubsub = new WeakMap<GossipSub, Set<Listener>>()

/**
 * Opens the streams to several peers at once. By itself gossipsub opens one after the other, each with a round trip to
 * its peer: a busy or silent tab then holds up all that come after it.
 */
export const openStreamsAtOnce = (pubsub: GossipSub): GossipSub => {
  const internals = pubsub as unknown as Internals
  for (const name of ['createOutboundStream', 'sendRpc'] as const) {
    if (typeof internals[name] !== 'function')
      throw new Error(`This version of gossipsub has no ${name}: see workers/stack/gossip-streams.ts.`)
  }
  const create = internals.createOutboundStream.bind(pubsub)
  const listeners = new Set<Listener>()
  listenersByPubsub.set(pubsub, listeners)
  /** The newest connection of a peer, which may have come while a stream was opened on an older one. */
  const newest = new Map<string, readonly [PeerId, Connection]>()

  const streams = createCoalescedRuns(async (peer: string) => {
    const asked = newest.get(peer)
    newest.delete(peer)
    if (asked === undefined || internals.streamsOutbound.has(peer)) return
    await create(...asked)
    if (internals.streamsOutbound.has(peer)) for (const listener of listeners) listener(peer)
  })

  internals.createOutboundStream = async (peerId, connection) => {
    const peer = peerId.toString()
    newest.set(peer, [peerId, connection])
    void streams.ask(peer)
  }
  return pubsub
}

/** Whether there is a stream to this peer: it may have subscribed before. */
export const canWriteTo = (pubsub: GossipSub, peer: string): boolean =>
  (pubsub as unknown as Internals).streamsOutbound.has(peer)

/**
 * Calls `onSubscriber` for each peer that follows the topic and can be written to, when the later of the two has come.
 * Returns its undo.
 */
export const watchSubscribers = (pubsub: GossipSub, topic: string, onSubscriber: Listener): (() => void) => {
  const listeners = listenersByPubsub.get(pubsub)
  if (listeners === undefined) throw new Error('The streams of this gossipsub are not watched.')

  const onSubscriptionChange = (event: Event): void => {
    const { peerId, subscriptions } = (event as CustomEvent<SubscriptionChangeData>).detail
    const follows = subscriptions.some((each) => each.topic === topic && each.subscribe)
    if (follows && canWriteTo(pubsub, peerId.toString())) onSubscriber(peerId.toString())
  }
  const onStream = (peer: string): void => {
    if (pubsub.getSubscribers(topic).some((each) => each.toString() === peer)) onSubscriber(peer)
  }
  pubsub.addEventListener('subscription-change', onSubscriptionChange)
  listeners.add(onStream)
  return () => {
    pubsub.removeEventListener('subscription-change', onSubscriptionChange)
    listeners.delete(onStream)
  }
}

/** Hands messages of others to one peer, as they were signed. False where there is no stream to it, or no room. */
export const sendMessages = (pubsub: GossipSub, peer: string, messages: readonly RawMessage[]): boolean =>
  (pubsub as unknown as Internals).sendRpc(peer, { subscriptions: [], messages })

/** Lets a message be published again that was handed to nobody, which gossipsub takes for sent. */
export const forgetPublished = async (pubsub: GossipSub, topic: string, data: Uint8Array): Promise<void> => {
  const internals = pubsub as unknown as Internals
  internals.seenCache.entries.delete(internals.msgIdToStrFn(await internals.msgIdFn({ topic, data })))
}
