import { Failure } from '../contract/failures.ts'
import type { Entry, EntryKind } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import { HASH_BYTES, MAX_SYNC_ENTRIES, MAX_SYNC_IDS, SYNC_BATCH_BYTES } from '../protocol/limits.ts'
import { type SyncMessage, syncMessageCodec } from '../protocol/sync-messages.ts'

/**
 * One exchange of catalogues between two peers: hello, and where the fingerprints differ, the ids that each side has
 * and the entries that the other lacks.
 *
 * Guarantees: after an exchange that ended well, each side was given every entry of the other. Every list is bounded,
 * and an entry is only as good as its signature: `ingest` decides. Not guaranteed: that the other side told of all it
 * has. This is the full exchange: its cost grows with the catalogue whenever there is any difference.
 */

/** The catalogue as an exchange needs it. */
export interface SyncCatalogue {
  ids(): readonly Uint8Array[]
  entries(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** Verifies and takes in; tells how many were new and how many were refused as invalid. */
  ingest(entries: readonly Entry[], from: string): Promise<{ accepted: number; rejected: number }>
}

/** Whole messages in both directions. `receive` rejects when the other side ends, lies about a length, or is silent. */
export interface MessageChannel {
  send(message: Uint8Array): Promise<void>
  receive(): Promise<Uint8Array>
}

export interface ExchangeResult {
  /** Entries that were new here. */
  accepted: number
  sent: number
  /** The catalogues were equal: hellos were all that crossed. */
  equal: boolean
}

/** A catalogue with more ids than this is not named in one exchange: 6.4 MB of ids. */
const maxIds = 200_000

/** Entries taken from one peer in one exchange; at about 300 B each this is 60 MB. */
const maxEntries = maxIds

/** Invalid entries after which a peer is not listened to any further: a few may be honest disagreement on versions. */
const maxRejected = 16

export const runInitiator = async (
  channel: MessageChannel,
  catalogue: SyncCatalogue,
  peer: string,
): Promise<ExchangeResult> => {
  const own = catalogue.ids()
  await send(channel, hello(own))
  if (sameHello(await receive(channel, 'hello'), own)) return { accepted: 0, sent: 0, equal: true }
  await sendIds(channel, 'have', own)
  const accepted = await receiveEntries(channel, catalogue, peer)
  const wanted = await receiveIds(channel, 'want')
  const sent = await sendEntries(channel, await catalogue.entries(wanted))
  return { accepted, sent, equal: false }
}

export const runResponder = async (
  channel: MessageChannel,
  catalogue: SyncCatalogue,
  peer: string,
): Promise<ExchangeResult> => {
  const own = catalogue.ids()
  const theirHello = await receive(channel, 'hello')
  await send(channel, hello(own))
  if (sameHello(theirHello, own)) return { accepted: 0, sent: 0, equal: true }
  const theirs = await receiveIds(channel, 'have')
  const sent = await sendEntries(channel, await catalogue.entries(difference(own, theirs)))
  await sendIds(channel, 'want', difference(theirs, own))
  const accepted = await receiveEntries(channel, catalogue, peer)
  return { accepted, sent, equal: false }
}

type Hello = Extract<SyncMessage, { type: 'hello' }>
type Message<Type extends SyncMessage['type']> = Extract<SyncMessage, { type: Type }>

const hello = (ids: readonly Uint8Array[]): Hello => ({
  v: 1,
  type: 'hello',
  count: ids.length,
  fingerprint: fingerprint(ids),
})

const sameHello = (theirs: Hello, own: readonly Uint8Array[]): boolean =>
  theirs.count === own.length && toHex(theirs.fingerprint) === toHex(fingerprint(own))

/** XOR of all ids: independent of order. A forged one hides entries of the forger's own, which it could do by silence. */
const fingerprint = (ids: readonly Uint8Array[]): Uint8Array => {
  const sum = new Uint8Array(HASH_BYTES)
  for (const id of ids) for (let at = 0; at < HASH_BYTES; at++) sum[at] = (sum[at] ?? 0) ^ (id[at] ?? 0)
  return sum
}

const difference = (ids: readonly Uint8Array[], without: readonly Uint8Array[]): Uint8Array[] => {
  const known = new Set(without.map(toHex))
  return ids.filter((id) => !known.has(toHex(id)))
}

const send = (channel: MessageChannel, message: SyncMessage): Promise<void> =>
  channel.send(syncMessageCodec.encode(message))

const receive = async <Type extends SyncMessage['type']>(
  channel: MessageChannel,
  type: Type,
): Promise<Message<Type>> => {
  const decoded = syncMessageCodec.decode(await channel.receive())
  if (!decoded.ok) throw new Failure(decoded.name, decoded.message)
  if (decoded.value.type !== type)
    throw new Failure(
      'RecordMalformed',
      `The peer sent a sync message “${decoded.value.type}” where “${type}” was due.`,
    )
  return decoded.value as Message<Type>
}

const sendIds = async (channel: MessageChannel, type: 'have' | 'want', ids: readonly Uint8Array[]): Promise<void> => {
  for (let at = 0; at === 0 || at < ids.length; at += MAX_SYNC_IDS) {
    const last = at + MAX_SYNC_IDS >= ids.length
    await send(channel, { v: 1, type, ids: ids.slice(at, at + MAX_SYNC_IDS), last })
  }
}

const receiveIds = async (channel: MessageChannel, type: 'have' | 'want'): Promise<Uint8Array[]> => {
  const ids: Uint8Array[] = []
  for (;;) {
    const message = await receive(channel, type)
    ids.push(...message.ids)
    if (ids.length > maxIds) throw tooMany('ids', maxIds)
    if (message.last) return ids
    // A list that never says `last` would otherwise go on with empty parts.
    if (message.ids.length === 0)
      throw new Failure('RecordMalformed', 'The peer sent an empty part of a list that goes on.')
  }
}

/** What is needed to judge an entry goes before it: heads are signed, pages are named by heads. */
const rankByKind: Record<EntryKind, number> = { identity: 0, head: 1, page: 2, release: 3 }

const sendEntries = async (channel: MessageChannel, entries: Entry[]): Promise<number> => {
  const ordered = [...entries].sort((a, b) => rankByKind[a.kind] - rankByKind[b.kind])
  let batch: Entry[] = []
  let size = 0
  for (const entry of ordered) {
    if (batch.length > 0 && (size + entry.bytes.length > SYNC_BATCH_BYTES || batch.length === MAX_SYNC_ENTRIES)) {
      await send(channel, { v: 1, type: 'entries', entries: batch, last: false })
      batch = []
      size = 0
    }
    batch.push(entry)
    size += entry.bytes.length
  }
  await send(channel, { v: 1, type: 'entries', entries: batch, last: true })
  return ordered.length
}

const receiveEntries = async (channel: MessageChannel, catalogue: SyncCatalogue, peer: string): Promise<number> => {
  let accepted = 0
  let rejected = 0
  let received = 0
  for (;;) {
    const message = await receive(channel, 'entries')
    received += message.entries.length
    if (received > maxEntries) throw tooMany('entries', maxEntries)
    if (message.entries.length > 0) {
      const outcome = await catalogue.ingest(message.entries, peer)
      accepted += outcome.accepted
      rejected += outcome.rejected
    }
    if (rejected > maxRejected)
      throw new Failure('SignatureInvalid', `The peer sent ${rejected} catalogue entries that do not verify.`)
    if (message.last) return accepted
    if (message.entries.length === 0)
      throw new Failure('RecordMalformed', 'The peer sent an empty part of a list that goes on.')
  }
}

const tooMany = (what: string, limit: number): Failure =>
  new Failure('RecordTooLarge', `The peer sent more than ${limit} ${what} in one exchange.`)
