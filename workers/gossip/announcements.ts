import type { GossipSub } from '@libp2p/gossipsub'
import { forgetPublished, hasOutboundStream } from '../libp2p-internals/gossipsub.ts'
import type { ReadAnnouncement } from '../protocol/announcement.ts'
import type { Decoded } from '../protocol/decoded.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import type { GossipRateLimits } from '../stack/gossip-rate-limits.ts'
import { watchSubscribers } from '../stack/gossip-streams.ts'
import {
  type AnnouncementValidation,
  type AnnouncementValidator,
  createTopicValidator,
} from '../stack/topic-validator.ts'
import { type Operation, runOperation, untraced } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

export interface AnnouncementsDependencies {
  pubsub: GossipSub
  telemetry: Telemetry
  /** Verifies an announcement and adds it to the catalogue. Must not throw. */
  receive(announcement: Decoded<ReadAnnouncement>, from: string, operation: Operation): Promise<Received>
  /** Milliseconds since the epoch. */
  now(): number
  /** Rate limits shared with the inbound gossip filter. */
  limits: GossipRateLimits
  /** A peer is subscribed and writable, so that undelivered publications can go out. */
  onSubscriber(peer: string): void
}

export interface Received extends AnnouncementValidation {
  /** Milliseconds since the epoch, by the publisher's clock. */
  readonly publishedAt?: number | undefined
}

/** Older announcements waited in an outbox or have a wrong clock, and do not count as propagation (ms). */
const maxPropagationMs = 60_000

export interface Announcements {
  /** Publishes to the mesh; resolves with the number of recipients. With none, the announcement can be sent again. */
  publish(bytes: Uint8Array, operation?: Operation): Promise<number>
  /** Number of subscribed and writable peers. */
  subscriberCount(): number
  stop(): void
}

/**
 * Package announcements over gossipsub. Verifies an announcement once, on its way into the catalogue and before it is
 * forwarded.
 *
 * Gossip is best effort: peers that miss an announcement learn of it by sync.
 */
export const createAnnouncements = (deps: AnnouncementsDependencies): Announcements => {
  const { pubsub, limits, onSubscriber } = deps
  const { tracer, meter, logger } = deps.telemetry
  const log = logger('gossip')
  const messages = meter.createCounter('gossip_messages_received')
  const receivedCount = {
    new: messages.with({ verdict: 'new' }),
    known: messages.with({ verdict: 'known' }),
    invalid: messages.with({ verdict: 'invalid' }),
  }
  const sentCount = meter.createCounter('gossip_messages_sent')
  const propagation = meter.createHistogram('gossip_propagation_time')
  const stopping = new AbortController()

  /**
   * Older announcements reach this node because it has joined, for example replayed by a relay: their age says how late it
   * came, not how long gossip takes.
   */
  const joinedAt = deps.now()

  const judge = async (
    announcement: Decoded<ReadAnnouncement>,
    from: string,
    operation: Operation,
  ): Promise<Received> => {
    const received = await deps.receive(announcement, from, operation)
    const { verdict, publishedAt } = received
    receivedCount[verdict].add(1)
    // By two clocks: the publisher's may be ahead.
    const ageMs = publishedAt === undefined ? undefined : deps.now() - publishedAt
    operation.span.setAttributes({ verdict, ...(ageMs === undefined ? {} : { age_ms: ageMs }) })
    const isAfterJoin = publishedAt !== undefined && publishedAt >= joinedAt
    if (verdict === 'new' && isAfterJoin && ageMs !== undefined && ageMs >= 0 && ageMs < maxPropagationMs)
      propagation.record(ageMs)
    log.debug('announcement received', { from, verdict })
    return received
  }

  const receive: AnnouncementValidator = (announcement, from) => {
    const work = (operation: Operation): Promise<Received> => judge(announcement, from, operation)
    return runOperation(tracer, 'gossip_receive', stopping.signal, work, { peer: from })
  }

  const subscriberCount = (): number =>
    pubsub.getSubscribers(PACKAGES_TOPIC).filter((peer) => hasOutboundStream(pubsub, peer.toString())).length

  pubsub.topicValidators.set(PACKAGES_TOPIC, createTopicValidator(receive, limits))
  const stopWatching = watchSubscribers(pubsub, PACKAGES_TOPIC, onSubscriber)
  pubsub.subscribe(PACKAGES_TOPIC)

  return {
    async publish(bytes, { span } = untraced()) {
      if (subscriberCount() === 0) return 0
      const { recipients } = await pubsub.publish(PACKAGES_TOPIC, bytes)
      // The last peer left during signing.
      if (recipients.length === 0) await forgetPublished(pubsub, PACKAGES_TOPIC, bytes)
      else sentCount.add(1)
      span.addEvent('announced', { recipients: recipients.length })
      log.debug('announcement sent', { recipients: recipients.length, bytes: bytes.length })
      return recipients.length
    },
    subscriberCount,
    stop() {
      stopping.abort()
      stopWatching()
      pubsub.topicValidators.delete(PACKAGES_TOPIC)
      pubsub.unsubscribe(PACKAGES_TOPIC)
    },
  }
}
