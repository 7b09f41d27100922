import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Message } from '@libp2p/gossipsub'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type RawMessage, sendMessages } from '../workers/libp2p-internals/gossipsub.ts'
import type { ReadAnnouncement } from '../workers/protocol/announcement.ts'
import { packageId } from '../workers/protocol/ids.ts'
import { PACKAGES_TOPIC } from '../workers/protocol/protocols.ts'
import { watchSubscribers } from '../workers/stack/gossip-streams.ts'

import { createLruMap } from '../workers/stack/lru-map.ts'
import { createRecentAnnouncements } from '../workers/stack/recent-announcements.ts'
import type { StackServices } from '../workers/stack/services.ts'
import { createTokenBucket, type TokenBucket } from '../workers/stack/token-bucket.ts'

/** Bytes that newcomers from one address are given: a class room of 64 at once, and then two a second. */
const bytesToAddress = { perSecond: 512 * 1024, burst: 16 * 1024 * 1024 }

/** Addresses whose rates are remembered. */
const maxAddresses = 4_096

export interface Newcomers {
  /** The gate has found this to be news. */
  onNews(message: Message, from: PeerId, announcement: ReadAnnouncement): void
  stop(): void
}

/**
 * Hands the news of the last minutes to each tab that comes, by gossip, so that it judges them as any others. It would
 * wait for its first direct connection otherwise: gossip passes on only what comes while it is there.
 *
 * Once for each connection, and within a rate for each address, so that coming again and again is not a way to make the
 * relay send. What is not sent for that comes by sync.
 */
export const replayAnnouncements = (
  node: Pick<Libp2p<Pick<StackServices, 'pubsub'>>, 'services' | 'getConnections'>,
  now: () => number,
): Newcomers => {
  const { pubsub } = node.services
  const recent = createRecentAnnouncements(now)
  const told = new WeakSet<Connection>()
  const rates = createLruMap<TokenBucket>(maxAddresses)

  const newestConnection = (peer: string): Connection | undefined =>
    node.getConnections().findLast(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer)

  const tell = (peer: string): void => {
    const connection = newestConnection(peer)
    if (connection === undefined || told.has(connection)) return
    told.add(connection)
    const messages = recent.list()
    const rate = rates.getOrCreate(addressOf(connection), () => createTokenBucket(bytesToAddress, now))
    if (messages.length === 0 || !rate.hasSome()) return
    rate.take(recent.bytes())
    sendMessages(pubsub, peer, messages)
  }

  return {
    onNews(message, from, { head: { publisher, slug } }) {
      const raw = toRaw(message)
      if (raw === undefined) return
      const connection = newestConnection(from.toString())
      const source = connection === undefined ? '' : addressOf(connection)
      recent.add({ packageId: packageId(publisher, slug), publisher, source, message: raw })
    },
    stop: watchSubscribers(pubsub, PACKAGES_TOPIC, tell),
  }
}

/** The message as its author signed it. */
export const toRaw = (message: Message): RawMessage | undefined => {
  if (message.type !== 'signed') return undefined
  const seqno = new Uint8Array(8)
  new DataView(seqno.buffer).setBigUint64(0, message.sequenceNumber)
  return {
    from: message.from.toMultihash().bytes,
    data: message.data,
    seqno,
    topic: message.topic,
    signature: message.signature,
    key: publicKeyToProtobuf(message.key),
  }
}

/** Of the machine, as far as it can be told apart: of IPv6 the network, since each machine has as many addresses as it likes. */
export const addressOf = ({ remoteAddr }: Pick<Connection, 'remoteAddr'>): string => {
  const [host] = remoteAddr.getComponents()
  const value = host?.value ?? ''
  return host?.name === 'ip6' ? networkOf(value) : value
}

/** The first 64 bits. */
const networkOf = (ip6: string): string => {
  const [head = '', tail] = ip6.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - groups.length - rest.length }, () => '0')
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
