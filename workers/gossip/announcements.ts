import type { GossipSub, SubscriptionChangeData } from '@libp2p/gossipsub'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { createAnnouncementGate, type Judge } from '../stack/announcement-gate.ts'
import type { GossipLimits } from '../stack/gossip-limits.ts'

export interface AnnouncementsDependencies {
  pubsub: Pick<GossipSub, 'topicValidators' | 'subscribe' | 'unsubscribe' | 'publish' | 'getSubscribers'> &
    Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
  receive: Judge
  /** Those that the node's gossip is guarded by. */
  limits: GossipLimits
  /** A peer subscribed to the topic: what was published to nobody can go out now. */
  onSubscriber(peer: string): void
}

export interface Announcements {
  /** Sends to the mesh; resolves with how many peers it was handed to, which can be none. */
  publish(bytes: Uint8Array): Promise<number>
  subscriberCount(): number
  stop(): void
}

/**
 * Package announcements over gossipsub. An announcement is verified before it is forwarded, by the same step that takes
 * it into the catalogue, so that it is verified once.
 *
 * Gossip is a hint: who was not there when it was sent learns of it by sync.
 */
export const createAnnouncements = (deps: AnnouncementsDependencies): Announcements => {
  const { pubsub, receive, limits, onSubscriber } = deps

  const onSubscriptionChange = (event: Event): void => {
    const { peerId, subscriptions } = (event as CustomEvent<SubscriptionChangeData>).detail
    if (subscriptions.some(({ topic, subscribe }) => topic === PACKAGES_TOPIC && subscribe))
      onSubscriber(peerId.toString())
  }

  pubsub.topicValidators.set(PACKAGES_TOPIC, createAnnouncementGate(receive, limits))
  pubsub.addEventListener('subscription-change', onSubscriptionChange)
  pubsub.subscribe(PACKAGES_TOPIC)

  return {
    async publish(bytes) {
      const { recipients } = await pubsub.publish(PACKAGES_TOPIC, bytes)
      return recipients.length
    },
    subscriberCount: () => pubsub.getSubscribers(PACKAGES_TOPIC).length,
    stop() {
      pubsub.removeEventListener('subscription-change', onSubscriptionChange)
      pubsub.topicValidators.delete(PACKAGES_TOPIC)
      pubsub.unsubscribe(PACKAGES_TOPIC)
    },
  }
}
