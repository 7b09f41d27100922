import { Failure } from '../contract/failures.ts'
import { toHex } from '../protocol/ids.ts'
import {
  HASH_BYTES,
  MAX_SYNC_RANGES,
  MAX_SYNC_WANTS,
  SYNC_PREFIX_BYTES,
  SYNC_RANGES_BYTES,
} from '../protocol/limits.ts'
import { rangeKind, type SyncRange } from '../protocol/sync-messages.ts'
import { createYieldToEventLoop } from '../stack/event-loop.ts'
import { receive, type SyncChannel, send } from './channel.ts'
import { answerRanges, type Described, everything, type Range } from './ranges.ts'
import type { Replica } from './replica.ts'

/**
 * Alternating turns of ranges until one side has nothing left to describe.
 *
 * Bounded whatever the other side sends: it may only refine ranges that we described and did not settle, so we list each
 * id at most once; the ranges of a turn are ordered and limited, and so are turns; and it may request each id once, and
 * only ids that we listed.
 */
export interface Reconciled {
  /** Our ids to send. */
  readonly outgoing: Uint8Array[]
  /** Ids requested from the other side. */
  readonly wanted: number
  /** The last turn was ours, so we send first. */
  readonly isOurTurn: boolean
  /** False if a difference was left for another exchange. */
  readonly complete: boolean
  /** Turns of both sides. */
  readonly turns: number
}

/** Turns of both sides. Each turn divides a differing range by sixteen: a million ids take ten. */
const maxTurns = 16

/** Ranges per turn: two disjoint catalogues of 100,000 entries need half of it. */
const maxTurnRanges = 32_768

/** @param theirs Ranges of the other side's hello; undefined if we sent ours and the other side has the turn. */
export const reconcile = async (
  channel: SyncChannel,
  replica: Replica,
  theirs: readonly Described[] | undefined,
): Promise<Reconciled> => {
  const yieldIfDue = createYieldToEventLoop()
  const { index, sha256 } = replica
  const outgoing: Uint8Array[] = []
  const askable = new Map<string, Uint8Array>()
  let wanted = 0
  let complete = true
  let open: readonly Range[] = [everything]
  let described = theirs

  for (let turns = theirs === undefined ? 1 : 0; turns < maxTurns; turns += 2) {
    if (described === undefined) {
      const turn = await receiveTurn(channel, open)
      for (const start of turn.want) {
        const id = askable.get(start)
        if (id === undefined) throw malformed('request for an unannounced entry')
        askable.delete(start)
        outgoing.push(id)
      }
      if (turn.ranges.length === 0) return { outgoing, wanted, isOurTurn: false, complete, turns }
      described = turn.ranges
    }
    const answer = await answerRanges(index, described, { sha256, yieldIfDue, maxRanges: maxTurnRanges })
    described = undefined
    for (const id of answer.lacking) outgoing.push(id)
    for (const [start, id] of answer.listed) askable.set(start, id)
    const wanting = answer.wanted.filter((start) => !replica.isUseless(start))
    wanted += wanting.length
    complete &&= answer.complete
    await sendTurn(channel, answer.ranges, wanting)
    if (answer.ranges.length === 0) return { outgoing, wanted, isOurTurn: true, complete, turns: turns + 1 }
    open = answer.ranges.filter(({ kind }) => kind === rangeKind.fingerprint)
  }
  throw malformed(`no end within ${maxTurns} turns`)
}

const sendTurn = async (
  channel: SyncChannel,
  described: readonly Described[],
  want: readonly Uint8Array[],
): Promise<void> => {
  const ranges = toWire(described)
  let [rangeAt, wantAt] = [0, 0]
  do {
    const part: SyncRange[] = []
    for (let size = 0; rangeAt < ranges.length && part.length < MAX_SYNC_RANGES; rangeAt++) {
      const range = ranges[rangeAt] as SyncRange
      size += range[2].length
      if (size > SYNC_RANGES_BYTES) break
      part.push(range)
    }
    const wants = want.slice(wantAt, wantAt + MAX_SYNC_WANTS)
    wantAt += wants.length
    const last = rangeAt === ranges.length && wantAt === want.length
    await send(channel, { v: 2, type: 'ranges', ranges: part, want: join(wants), last })
  } while (rangeAt < ranges.length || wantAt < want.length)
}

/** Fills gaps between ranges with skipped ranges. */
const toWire = (described: readonly Described[]): SyncRange[] => {
  const ranges: SyncRange[] = []
  let end: Uint8Array = everything.lower
  for (const { lower, upper, kind, content } of described) {
    if (compareBounds(end, lower) < 0) ranges.push([lower, rangeKind.skip, new Uint8Array(0)])
    ranges.push([upper, kind, content])
    end = upper
  }
  return ranges
}

interface Turn {
  readonly ranges: Described[]
  /** Hex. */
  readonly want: string[]
}

/** @param open Ranges that the other side may refine. */
const receiveTurn = async (channel: SyncChannel, open: readonly Range[]): Promise<Turn> => {
  const turn: Turn = { ranges: [], want: [] }
  let received = 0
  let lower: Uint8Array = everything.lower
  let openAt = 0
  let isAtEnd = false
  for (;;) {
    const message = await receive(channel, 'ranges')
    received += message.ranges.length
    if (received > 2 * maxTurnRanges) {
      throw new Failure('RecordTooLarge', { code: 'too-many-items', what: 'ranges', limit: 2 * maxTurnRanges })
    }
    for (const [upper, kind, content] of message.ranges) {
      if (isAtEnd || (upper.length > 0 && compareBounds(upper, lower) <= 0)) throw malformed('ranges out of order')
      if (kind !== rangeKind.skip) {
        while (openAt < open.length && !endsAfter(open[openAt] as Range, lower)) openAt++
        const within = open[openAt]
        if (within === undefined || !contains(within, lower, upper)) {
          throw malformed('range not in question')
        }
        turn.ranges.push({ lower, upper, kind, content })
      }
      isAtEnd = upper.length === 0
      lower = upper
    }
    for (let at = 0; at < message.want.length; at += SYNC_PREFIX_BYTES) {
      turn.want.push(toHex(message.want.subarray(at, at + SYNC_PREFIX_BYTES)))
    }
    if (message.last) return turn
    // Otherwise a turn without `last` could continue with empty parts.
    if (message.ranges.length + message.want.length === 0) throw malformed('empty part of a turn')
    if (turn.want.length > maxTurnWants) {
      throw new Failure('RecordTooLarge', { code: 'too-many-items', what: 'wants', limit: maxTurnWants })
    }
  }
}

/** Ids requested in one turn: as many as a turn can list. */
const maxTurnWants = maxTurnRanges * 12

const endsAfter = (range: Range, bound: Uint8Array): boolean =>
  range.upper.length === 0 || compareBounds(range.upper, bound) > 0

const contains = (range: Range, lower: Uint8Array, upper: Uint8Array): boolean =>
  compareBounds(range.lower, lower) <= 0 &&
  (range.upper.length === 0 || (upper.length > 0 && compareBounds(upper, range.upper) <= 0))

/** Compares bounds, padded with zeros; not for an empty upper bound. */
const compareBounds = (a: Uint8Array, b: Uint8Array): number => {
  for (let at = 0; at < HASH_BYTES; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const join = (starts: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(starts.length * SYNC_PREFIX_BYTES)
  for (const [at, start] of starts.entries()) joined.set(start, at * SYNC_PREFIX_BYTES)
  return joined
}

const malformed = (detail: string): Failure => new Failure('RecordMalformed', { code: 'protocol-violation', detail })
