import type { GossipSub } from '@libp2p/gossipsub'
import { forgetPublished, hasOutboundStream } from '../libp2p-internals/gossipsub.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { createAnnouncementGate, type Judge } from '../stack/announcement-gate.ts'
import type { GossipLimits } from '../stack/gossip-limits.ts'
import { watchSubscribers } from '../stack/gossip-streams.ts'

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

/**
 * Package announcements over gossipsub. An announcement is verified before it is forwarded, by the same step that takes
 * it into the catalogue, so that it is verified once.
 *
 * Gossip is a hint: who was not there when it was sent learns of it by sync.
 */
export const createAnnouncements = (deps: AnnouncementsDependencies): Announcements => {
  const { pubsub, receive, limits, onSubscriber } = deps

  const subscriberCount = (): number =>
    pubsub.getSubscribers(PACKAGES_TOPIC).filter((peer) => hasOutboundStream(pubsub, peer.toString())).length

  pubsub.topicValidators.set(PACKAGES_TOPIC, createAnnouncementGate(receive, limits))
  const stopWatching = watchSubscribers(pubsub, PACKAGES_TOPIC, onSubscriber)
  pubsub.subscribe(PACKAGES_TOPIC)

  return {
    async publish(bytes) {
      if (subscriberCount() === 0) return 0
      const { recipients } = await pubsub.publish(PACKAGES_TOPIC, bytes)
      // The last peer left while it was signed.
      if (recipients.length === 0) await forgetPublished(pubsub, PACKAGES_TOPIC, bytes)
      return recipients.length
    },
    subscriberCount,
    stop() {
      stopWatching()
      pubsub.topicValidators.delete(PACKAGES_TOPIC)
      pubsub.unsubscribe(PACKAGES_TOPIC)
    },
  }
}
