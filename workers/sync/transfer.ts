import { Failure } from '../contract/failures.ts'
import { type Entry, isEntryKind } from '../protocol/entry.ts'
import { MAX_SYNC_ENTRIES, SYNC_BATCH_BYTES } from '../protocol/limits.ts'
import { entryBatchCodec } from '../protocol/sync-messages.ts'
import { createYieldToEventLoop } from '../stack/event-loop.ts'
import { receive, type SyncChannel, send } from './channel.ts'
import { deflate, inflate } from './compression.ts'
import type { Replica } from './replica.ts'

/**
 * Entries in compressed batches, from one side to the other; the receiver says after each that one more may come, so
 * that what it has not looked at yet stays small. An entry is only as good as its signature: `ingest` decides.
 */

/** Entries of one exchange. What is over it waits for the next one. */
const maxEntries = 200_000

/** Bytes of entries of one exchange, before compression: 300 B an entry at the most entries, twice over. */
const maxBytes = 128 * 1024 * 1024

/** Batches that the receiver has not taken in yet: 450 KiB, far below the 4 MiB at which a stream breaks. */
const window = 8

/** Ids that are looked up at once. */
const lookedUp = 256

/** Entries that are verified at once: reading them takes some 0.1 ms each, and each time is a write to the store. */
const ingested = 128

/** Invalid entries after which an exchange ends, without blame: a peer of another version may take them for good. */
const maxRejected = 16

/**
 * Unproven entries after which the rest is let go unread. The exchange goes on: a peer of a later version may have more
 * of them than this each time, and what it lacks is still to be sent to it.
 */
const maxUnproven = 1_024

/** Resolves when the other side has taken in everything; `complete` is false when there was more than one exchange takes. */
export const sendEntries = async (
  channel: SyncChannel,
  replica: Replica,
  ids: readonly Uint8Array[],
): Promise<{ sent: number; complete: boolean }> => {
  const pace = createYieldToEventLoop()
  let outstanding = 0
  let sent = 0
  let bytes = 0
  let complete = true
  const taken = async (atMost: number): Promise<void> => {
    for (; outstanding > atMost; outstanding--) await receive(channel, 'more')
  }
  const sendBatch = async (batch: readonly Entry[], last: boolean): Promise<void> => {
    await taken(window - 1)
    const encoded = entryBatchCodec.encode({ v: 1, entries: batch })
    await send(channel, { v: 2, type: 'entries', size: encoded.length, deflated: await deflate(encoded), last })
    outstanding += 1
    sent += batch.length
    await pace()
  }
  let batch: Entry[] = []
  let size = 0
  for await (const entry of inOrder(replica, ids, pace)) {
    if (sent + batch.length === maxEntries || bytes + entry.bytes.length > maxBytes) {
      complete = false
      break
    }
    if (batch.length > 0 && (size + entry.bytes.length > SYNC_BATCH_BYTES || batch.length === MAX_SYNC_ENTRIES)) {
      await sendBatch(batch, false)
      batch = []
      size = 0
    }
    batch.push(entry)
    size += entry.bytes.length
    bytes += entry.bytes.length
  }
  if (batch.length > 0) await sendBatch(batch, true)
  else await send(channel, { v: 2, type: 'entries', size: 0, deflated: new Uint8Array(0), last: true })
  await taken(0)
  return { sent, complete }
}

/**
 * `complete` is false when the rest was not wanted any more.
 * @throws Failure what breaks a rule, by name: `SignatureInvalid` for a forged entry. Entries that came before are kept.
 */
export const receiveEntries = async (
  channel: SyncChannel,
  replica: Replica,
  peer: string,
): Promise<{ accepted: number; rejected: number; received: number }> => {
  const pace = createYieldToEventLoop()
  let [accepted, rejected, unproven, received, bytes] = [0, 0, 0, 0, 0]
  for (;;) {
    const { size, deflated, last } = await receive(channel, 'entries')
    if (size === 0) {
      if (last && deflated.length === 0) return { accepted, rejected, received }
      throw new Failure('RecordMalformed', { code: 'protocol-violation', detail: 'empty part of a list' })
    }
    bytes += size
    if (bytes > maxBytes + maxEntries * mapBytes || received > maxEntries) throw tooMuch()
    if (unproven > maxUnproven) {
      // Of at least one entry.
      received += 1
      await pace()
      await send(channel, { v: 2, type: 'more' })
      if (last) return { accepted, rejected, received }
      continue
    }
    const batch = entryBatchCodec.decode(await inflate(deflated, size))
    if (!batch.ok) throw new Failure(batch.name, { code: 'record-refused', detail: batch.message })
    const { entries } = batch.value
    received += entries.length
    if (received > maxEntries) throw tooMuch()
    for (let at = 0; at < entries.length && unproven <= maxUnproven; at += ingested) {
      const outcome = await replica.ingest(entries.slice(at, at + ingested), peer, channel.operation)
      accepted += outcome.accepted
      rejected += outcome.rejected
      unproven += outcome.unproven
      if (outcome.forged > 0) {
        throw new Failure('SignatureInvalid', { code: 'entry-forged' })
      }
      if (rejected > maxRejected) {
        throw new Failure('EntriesRefused', { code: 'too-many-useless-entries' })
      }
      await pace()
    }
    await send(channel, { v: 2, type: 'more' })
    if (last) return { accepted, rejected, received }
  }
}

const tooMuch = (): Failure =>
  new Failure('RecordTooLarge', { code: 'too-many-items', what: 'entries', limit: maxEntries })

/** Bytes of the map around one entry in a batch. */
const mapBytes = 32

/** What is needed to judge an entry goes before it: heads are signed, pages are named by heads. Unknown kinds come last. */
const kindOrder = ['identity', 'head', 'page', 'release', 'other'] as const

async function* inOrder(
  replica: Replica,
  ids: readonly Uint8Array[],
  pace: () => Promise<void>,
): AsyncGenerator<Entry> {
  const entriesByKind = new Map<string, Entry[]>(kindOrder.map((kind) => [kind, []]))
  for (let at = 0; at < ids.length; at += lookedUp) {
    for (const entry of await replica.entries(ids.slice(at, at + lookedUp)))
      entriesByKind.get(isEntryKind(entry.kind) ? entry.kind : 'other')?.push(entry)
    await pace()
  }
  for (const entries of entriesByKind.values()) yield* entries
}
