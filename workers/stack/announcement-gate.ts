import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { type ReadAnnouncement, readAnnouncement } from '../protocol/announcement.ts'
import type { Decoded } from '../protocol/decoded.ts'
import type { GossipLimits } from './gossip-limits.ts'

/**
 * What receiving an announcement came to: `new` is forwarded, `known` (seen, older than what is known, or of a later
 * version of the format) is dropped without blame, `invalid` is dropped and counts against the peer that sent it.
 */
export type Verdict = 'new' | 'known' | 'invalid'

export interface Judgement {
  readonly verdict: Verdict
  /** Signatures that had to be checked for it. */
  readonly checks: number
}

/** Verifies an announcement, and takes it in where there is a catalogue. Must not throw. */
export type Judge = (announcement: Decoded<ReadAnnouncement>, from: string) => Promise<Judgement>

/**
 * The topic validator: an announcement is judged before it is forwarded, and once. News over the limits of its
 * publisher, or of all, are dropped unread and without blame: who sent them may have heard of nothing else. `onNews` is
 * given what passed. The bytes are decoded here and nowhere else.
 */
export const createAnnouncementGate = (
  judge: Judge,
  limits: Pick<GossipLimits, 'admitNews' | 'settle'>,
  onNews: (message: Message, from: PeerId, announcement: ReadAnnouncement) => void = () => {},
) => {
  return async (from: PeerId, message: Message): Promise<TopicValidatorResult> => {
    const peer = from.toString()
    const announcement = readAnnouncement(message.data)
    const publisher = announcement.ok ? announcement.value.head.publisher : ''
    if (announcement.ok && !limits.admitNews(publisher)) return TopicValidatorResult.Ignore
    const { verdict, checks } = await judge(announcement, peer)
    limits.settle({ peer, publisher, checks, isNew: verdict === 'new' })
    if (verdict === 'new' && announcement.ok) onNews(message, from, announcement.value)
    return resultByVerdict[verdict]
  }
}

const resultByVerdict: Record<Verdict, TopicValidatorResult> = {
  new: TopicValidatorResult.Accept,
  known: TopicValidatorResult.Ignore,
  invalid: TopicValidatorResult.Reject,
}
