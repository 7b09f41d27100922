import type { GossipSub, SubscriptionChangeData } from '@libp2p/gossipsub'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { createAnnouncementGate, type Judge } from '../stack/announcement-gate.ts'
import { canWriteTo } from '../stack/gossip-guard.ts'
import type { GossipLimits } from '../stack/gossip-limits.ts'

export interface AnnouncementsDependencies {
  pubsub: GossipSub
  receive: Judge
  /** Those that the node's gossip is guarded by. */
  limits: GossipLimits
  /** A peer follows the topic and can be written to: what was published to nobody can go out now. */
  onSubscriber(peer: string): void
}

export interface Announcements {
  /** Sends to the mesh; resolves with how many peers it was handed to. Where it is none, it can be sent again. */
  publish(bytes: Uint8Array): Promise<number>
  /** Peers that follow the topic and can be written to. */
  subscriberCount(): number
  stop(): void
}

/** A stream to a peer whose subscription came is opened at once; a dial to it is not waited for, ms. */
const reachableWithinMs = 5_000
const lookEveryMs = 50

/**
 * Package announcements over gossipsub. An announcement is verified before it is forwarded, by the same step that takes
 * it into the catalogue, so that it is verified once.
 *
 * Gossip is a hint: who was not there when it was sent learns of it by sync.
 */
export const createAnnouncements = (deps: AnnouncementsDependencies): Announcements => {
  const { pubsub, receive, limits, onSubscriber } = deps
  let isStopped = false

  const onSubscriptionChange = (event: Event): void => {
    const { peerId, subscriptions } = (event as CustomEvent<SubscriptionChangeData>).detail
    if (subscriptions.some(({ topic, subscribe }) => topic === PACKAGES_TOPIC && subscribe))
      tellWhenReachable(peerId.toString(), reachableWithinMs)
  }

  /** Its subscription can come before the stream to it is open. */
  const tellWhenReachable = (peer: string, leftMs: number): void => {
    if (canWriteTo(pubsub, peer)) onSubscriber(peer)
    else if (leftMs > 0 && !isStopped) setTimeout(tellWhenReachable, lookEveryMs, peer, leftMs - lookEveryMs)
  }

  const subscriberCount = (): number =>
    pubsub.getSubscribers(PACKAGES_TOPIC).filter((peer) => canWriteTo(pubsub, peer.toString())).length

  pubsub.topicValidators.set(PACKAGES_TOPIC, createAnnouncementGate(receive, limits))
  pubsub.addEventListener('subscription-change', onSubscriptionChange)
  pubsub.subscribe(PACKAGES_TOPIC)

  return {
    async publish(bytes) {
      // What gossipsub handed to nobody it takes for sent, and drops when it is sent again.
      if (subscriberCount() === 0) return 0
      const { recipients } = await pubsub.publish(PACKAGES_TOPIC, bytes)
      return recipients.length
    },
    subscriberCount,
    stop() {
      isStopped = true
      pubsub.removeEventListener('subscription-change', onSubscriptionChange)
      pubsub.topicValidators.delete(PACKAGES_TOPIC)
      pubsub.unsubscribe(PACKAGES_TOPIC)
    },
  }
}
