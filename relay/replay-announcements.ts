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

/** Replayed bytes per source address: a classroom of 64 at once, then two tabs a second. */
const bytesPerAddress = { perSecond: 512 * 1024, burst: 16 * 1024 * 1024 }

/** Addresses with a rate limit in memory. */
const maxAddresses = 4_096

export interface AnnouncementReplay {
  /** Remembers an announcement that the topic validator has accepted as new. */
  onAccepted(message: Message, from: PeerId, announcement: ReadAnnouncement): void
  stop(): void
}

/**
 * Sends the announcements of the last minutes to each new subscriber, as gossip, so that it validates them like any
 * others. Gossip forwards only what arrives while a peer is connected, so without this a new tab would have to wait for
 * its first direct connection.
 *
 * Replays once per connection and within a rate per address, so reconnecting does not make the relay send more. Dropped
 * announcements arrive by sync.
 */
export const replayAnnouncements = (
  node: Pick<Libp2p<Pick<StackServices, 'pubsub'>>, 'services' | 'getConnections'>,
  now: () => number,
): AnnouncementReplay => {
  const { pubsub } = node.services
  const recent = createRecentAnnouncements(now)
  const served = new WeakSet<Connection>()
  const rates = createLruMap<TokenBucket>(maxAddresses)

  const newestConnection = (peer: string): Connection | undefined =>
    node.getConnections().findLast(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer)

  const replayTo = (peer: string): void => {
    const connection = newestConnection(peer)
    if (connection === undefined || served.has(connection)) return
    served.add(connection)
    const messages = recent.list()
    const rate = rates.getOrCreate(addressOf(connection), () => createTokenBucket(bytesPerAddress, now))
    if (messages.length === 0 || !rate.hasSome()) return
    rate.take(recent.bytes())
    sendMessages(pubsub, peer, messages)
  }

  return {
    onAccepted(message, from, { head: { publisher, slug } }) {
      const raw = toRaw(message)
      if (raw === undefined) return
      const connection = newestConnection(from.toString())
      const source = connection === undefined ? '' : addressOf(connection)
      recent.add({ packageId: packageId(publisher, slug), publisher, source, message: raw })
    },
    stop: watchSubscribers(pubsub, PACKAGES_TOPIC, replayTo),
  }
}

/** Converts a message back to the form that its author signed; undefined if it is unsigned. */
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

/** Identifies the remote machine: by its IPv4 address, or by its IPv6 network, in which it can choose any address. */
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
