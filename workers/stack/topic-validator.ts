import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { type ReadAnnouncement, readAnnouncement } from '../protocol/announcement.ts'
import type { Decoded } from '../protocol/decoded.ts'
import type { GossipRateLimits } from './gossip-rate-limits.ts'

/**
 * Outcome of an announcement: `new` is forwarded; `known` (seen before, superseded, or of a later format version) is
 * dropped without penalty; `invalid` is dropped and counts against the sender.
 */
export type Verdict = 'new' | 'known' | 'invalid'

export interface AnnouncementValidation {
  readonly verdict: Verdict
  /** Signature checks that it took. */
  readonly checks: number
}

/** Verifies an announcement and, where there is a catalogue, adds it. Must not throw. */
export type AnnouncementValidator = (
  announcement: Decoded<ReadAnnouncement>,
  from: string,
) => Promise<AnnouncementValidation>

/**
 * The gossipsub topic validator: validates each announcement once, before it is forwarded. Announcements over the rate
 * of their publisher, or of all publishers, are dropped without validation and without penalty: the sender may have seen
 * no others. `onNew` receives accepted ones. Only this function decodes the bytes.
 */
export const createTopicValidator = (
  validate: AnnouncementValidator,
  limits: Pick<GossipRateLimits, 'admitAnnouncement' | 'record'>,
  onNew: (message: Message, from: PeerId, announcement: ReadAnnouncement) => void = () => {},
) => {
  return async (from: PeerId, message: Message): Promise<TopicValidatorResult> => {
    const peer = from.toString()
    const announcement = readAnnouncement(message.data)
    const publisher = announcement.ok ? announcement.value.head.publisher : ''
    if (announcement.ok && !limits.admitAnnouncement(publisher)) return TopicValidatorResult.Ignore
    const { verdict, checks } = await validate(announcement, peer)
    limits.record({ peer, publisher, checks, isNew: verdict === 'new' })
    if (verdict === 'new' && announcement.ok) onNew(message, from, announcement.value)
    return resultByVerdict[verdict]
  }
}

const resultByVerdict: Record<Verdict, TopicValidatorResult> = {
  new: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  invalid: TopicValidatorResult.Reject,
}
