import { sameBytes } from '../protocol/bytes.ts'
import { rangeKind } from '../protocol/sync-messages.ts'
import { parseTraceparent, traceField } from '../telemetry/trace-context.ts'
import { receive, receiveKnown, type SyncChannel, send } from './channel.ts'
import { type Described, everything, fingerprintOf } from './ranges.ts'
import { reconcile } from './reconcile.ts'
import type { Replica } from './replica.ts'
import { receiveEntries, sendEntries } from './transfer.ts'

/**
 * One exchange of catalogues between two peers: hellos and, if the fingerprints differ, turns of ranges until both sides
 * know what the other lacks, then the entries. An empty side receives everything.
 *
 * Guarantees: after a successful and `complete` exchange each side has received every entry that the other had at the
 * start. Does not guarantee that a dishonest peer reveals all its entries. Turns, ranges, bytes and entries are bounded
 * and entries verified, so that a peer can waste our resources only in proportion to its own.
 */
export interface ExchangeResult {
  /** Entries that were new to this catalogue. */
  accepted: number
  /** Entries that failed verification: few, or the exchange would have failed. */
  rejected: number
  sent: number
  /** The catalogues were equal; the exchange took two messages. */
  equal: boolean
  /** False if the difference exceeds one exchange; another one continues. */
  complete: boolean
  /** Turns of both sides in which they compared ranges. */
  turns: number
}

const nothing: ExchangeResult = { accepted: 0, rejected: 0, sent: 0, equal: true, complete: true, turns: 0 }

export const runInitiator = async (channel: SyncChannel, replica: Replica, peer: string): Promise<ExchangeResult> => {
  await replica.settle()
  await send(channel, { ...(await hello(replica)), ...traceField(channel.operation.span) })
  // The next message is either `equal` or the first turn.
  const first = await receiveKnown(channel)
  const replayed: SyncChannel = { ...channel, receive: once(first, channel.receive) }
  if ((await receive({ ...channel, receive: async () => first }, 'equal', 'ranges')).type === 'equal') return nothing
  return exchange(replayed, replica, peer, undefined)
}

export const runResponder = async (channel: SyncChannel, replica: Replica, peer: string): Promise<ExchangeResult> => {
  const theirs = await receive(channel, 'hello')
  channel.operation.span.setRemoteParent(parseTraceparent(theirs.trace))
  await replica.settle()
  const own = await hello(replica)
  if (theirs.count === own.count && sameBytes(theirs.fingerprint, own.fingerprint)) {
    await send(channel, { v: 2, type: 'equal' })
    return nothing
  }
  // An empty side has nothing to describe.
  const described: Described =
    theirs.count === 0
      ? { ...everything, kind: rangeKind.list, content: new Uint8Array(0) }
      : { ...everything, kind: rangeKind.fingerprint, content: theirs.fingerprint }
  return exchange(channel, replica, peer, [described])
}

const hello = async ({ index, sha256 }: Replica) =>
  ({ v: 2, type: 'hello', count: index.size(), fingerprint: await fingerprintOf(index, everything, sha256) }) as const

const exchange = async (
  channel: SyncChannel,
  replica: Replica,
  peer: string,
  described: readonly Described[] | undefined,
): Promise<ExchangeResult> => {
  const { outgoing, isOurTurn, complete, turns } = await reconcile(channel, replica, described)
  if (isOurTurn) {
    const given = await sendEntries(channel, replica, outgoing)
    const { accepted, rejected } = await receiveEntries(channel, replica, peer)
    return { accepted, rejected, sent: given.sent, equal: false, complete: complete && given.complete, turns }
  }
  const { accepted, rejected } = await receiveEntries(channel, replica, peer)
  const given = await sendEntries(channel, replica, outgoing)
  return { accepted, rejected, sent: given.sent, equal: false, complete: complete && given.complete, turns }
}

/** A channel that receives `first` before the rest. */
const once = (first: Uint8Array, rest: () => Promise<Uint8Array>): (() => Promise<Uint8Array>) => {
  let isGiven = false
  return async () => {
    if (isGiven) return rest()
    isGiven = true
    return first
  }
}
