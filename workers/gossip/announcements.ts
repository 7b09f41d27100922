import { type GossipSub, type Message, type SubscriptionChangeData, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'

/**
 * What receiving an announcement came to: `new` is forwarded, `known` (seen, or older than what is known) is dropped
 * without blame, `invalid` is dropped and counts against the peer that sent it.
 */
export type Verdict = 'new' | 'known' | 'invalid'

export interface AnnouncementsDependencies {
  pubsub: Pick<GossipSub, 'topicValidators' | 'subscribe' | 'unsubscribe' | 'publish' | 'getSubscribers'> &
    Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
  /** Verifies and takes in the bytes of an announcement. Must not throw. */
  receive(bytes: Uint8Array, from: string): Promise<Verdict>
  /** A peer subscribed to the topic: what was published to nobody can go out now. */
  onSubscriber(peer: string): void
}

export interface Announcements {
  /** Sends to the mesh; resolves with how many peers it was handed to, which can be none. */
  publish(bytes: Uint8Array): Promise<number>
  subscriberCount(): number
  stop(): void
}

const resultByVerdict: Record<Verdict, TopicValidatorResult> = {
  new: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  invalid: TopicValidatorResult.Reject,
}

/**
 * Package announcements over gossipsub. An announcement is verified before it is forwarded, by the same step that takes
 * it into the catalogue, so that it is verified once.
 *
 * Gossip is a hint: who was not there when it was sent learns of it by sync.
 */
export const createAnnouncements = ({ pubsub, receive, onSubscriber }: AnnouncementsDependencies): Announcements => {
  const validate = async (from: PeerId, message: Message): Promise<TopicValidatorResult> =>
    resultByVerdict[await receive(message.data, from.toString())]

  const onSubscriptionChange = (event: Event): void => {
    const { peerId, subscriptions } = (event as CustomEvent<SubscriptionChangeData>).detail
    if (subscriptions.some(({ topic, subscribe }) => topic === PACKAGES_TOPIC && subscribe))
      onSubscriber(peerId.toString())
  }

  pubsub.topicValidators.set(PACKAGES_TOPIC, validate)
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
