import type { GossipSub, SubscriptionChangeData } from '@libp2p/gossipsub'
import { hasOutboundStream, scheduleOutboundStreams } from '../libp2p-internals/gossipsub.ts'
import { createCoalescedRuns } from './coalesced-runs.ts'

type Listener = (peer: string) => void

const listenersByPubsub = new WeakMap<GossipSub, Set<Listener>>()

/**
 * Opens streams to several peers concurrently. Stock gossipsub opens them one after the other, each with a round trip, so
 * that a busy or silent tab delays all later ones.
 */
export const openStreamsAtOnce = (pubsub: GossipSub): GossipSub => {
  const listeners = new Set<Listener>()
  listenersByPubsub.set(pubsub, listeners)
  /** Opens a stream on a peer's newest connection, which may be newer than the one in use for the current attempt. */
  const newest = new Map<string, () => Promise<void>>()

  const streams = createCoalescedRuns(async (peer: string) => {
    const open = newest.get(peer)
    newest.delete(peer)
    if (open === undefined || hasOutboundStream(pubsub, peer)) return
    await open()
    if (hasOutboundStream(pubsub, peer)) for (const listener of listeners) listener(peer)
  })

  scheduleOutboundStreams(pubsub, (peerId, open) => {
    const peer = peerId.toString()
    newest.set(peer, open)
    void streams.ask(peer)
  })
  return pubsub
}

/**
 * Calls `onSubscriber` for each peer once it is both subscribed to the topic and writable. Returns a function that stops
 * it.
 */
export const watchSubscribers = (pubsub: GossipSub, topic: string, onSubscriber: Listener): (() => void) => {
  const listeners = listenersByPubsub.get(pubsub)
  if (listeners === undefined) throw new Error('The streams of this gossipsub are not watched.')

  const onSubscriptionChange = (event: Event): void => {
    const { peerId, subscriptions } = (event as CustomEvent<SubscriptionChangeData>).detail
    const follows = subscriptions.some((each) => each.topic === topic && each.subscribe)
    if (follows && hasOutboundStream(pubsub, peerId.toString())) onSubscriber(peerId.toString())
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
