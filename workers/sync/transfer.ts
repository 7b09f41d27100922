import { Failure } from '../contract/failures.ts'
import { type Entry, isEntryKind } from '../protocol/entry.ts'
import { MAX_SYNC_ENTRIES, SYNC_BATCH_BYTES } from '../protocol/limits.ts'
import { entryBatchCodec } from '../protocol/sync-messages.ts'
import { createYieldToEventLoop } from '../stack/event-loop.ts'
import { receive, type SyncChannel, send } from './channel.ts'
import { deflate, inflate } from './compression.ts'
import type { Replica } from './replica.ts'

/**
 * Entries in compressed batches from one side to the other. The receiver acknowledges each batch, which bounds its
 * backlog. `ingest` verifies every entry.
 */

/** Entries per exchange; the rest waits for the next one. */
const maxEntries = 200_000

/** Size of the entries of one exchange before compression (bytes): twice 300 B for each of the most entries. */
const maxBytes = 128 * 1024 * 1024

/** Unacknowledged batches: 450 KiB, far below the 4 MiB at which a stream breaks. */
const window = 8

/** Ids per catalogue read. */
const lookedUp = 256

/** Entries verified together: each takes some 0.1 ms to read, and each group is one write to the store. */
const ingested = 128

/** Invalid entries after which an exchange ends, without penalty: they may be valid in the peer's version. */
const maxRejected = 16

/**
 * Unproven entries after which the rest is dropped unread. The exchange continues: a peer of a later version may always
 * have more of them, and must still receive what it lacks.
 */
const maxUnproven = 1_024

/** Resolves when the other side has acknowledged everything; `complete` is false if one exchange could not carry it all. */
export const sendEntries = async (
  channel: SyncChannel,
  replica: Replica,
  ids: readonly Uint8Array[],
): Promise<{ sent: number; complete: boolean }> => {
  const yieldIfDue = createYieldToEventLoop()
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
    await yieldIfDue()
  }
  let batch: Entry[] = []
  let size = 0
  for await (const entry of inOrder(replica, ids, yieldIfDue)) {
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
 * `complete` is false if the rest was dropped.
 * @throws Failure named after the violation, `SignatureInvalid` for a forged entry. Earlier entries are kept.
 */
export const receiveEntries = async (
  channel: SyncChannel,
  replica: Replica,
  peer: string,
): Promise<{ accepted: number; rejected: number; received: number }> => {
  const yieldIfDue = createYieldToEventLoop()
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
      await yieldIfDue()
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
      await yieldIfDue()
    }
    await send(channel, { v: 2, type: 'more' })
    if (last) return { accepted, rejected, received }
  }
}

const tooMuch = (): Failure =>
  new Failure('RecordTooLarge', { code: 'too-many-items', what: 'entries', limit: maxEntries })

/** Overhead of one entry in a batch (bytes). */
const mapBytes = 32

/** Dependencies go first: identities verify heads, and heads name pages. Unknown kinds go last. */
const kindOrder = ['identity', 'head', 'page', 'release', 'other'] as const

async function* inOrder(
  replica: Replica,
  ids: readonly Uint8Array[],
  yieldIfDue: () => Promise<void>,
): AsyncGenerator<Entry> {
  const entriesByKind = new Map<string, Entry[]>(kindOrder.map((kind) => [kind, []]))
  for (let at = 0; at < ids.length; at += lookedUp) {
    for (const entry of await replica.entries(ids.slice(at, at + lookedUp)))
      entriesByKind.get(isEntryKind(entry.kind) ? entry.kind : 'other')?.push(entry)
    await yieldIfDue()
  }
  for (const entries of entriesByKind.values()) yield* entries
}
