import type { Sha256 } from '../protocol/crypto.ts'
import { toHex } from '../protocol/ids.ts'
import { HASH_BYTES, SYNC_FINGERPRINT_BYTES, SYNC_PREFIX_BYTES } from '../protocol/limits.ts'
import { type RangeKind, rangeKind } from '../protocol/sync-messages.ts'
import type { YieldToEventLoop } from '../stack/event-loop.ts'
import type { IdIndex } from './id-index.ts'

/**
 * One answer in range-based set reconciliation (A. Meyer, “Range-Based Set Reconciliation”, 2023; Negentropy): describes
 * the differing ranges of the other side more finely, or settles them.
 *
 * Sets with equal fingerprints count as equal. An attacker who can choose ids can construct colliding sets and so keep
 * two peers from exchanging those ids, but cannot hide any others.
 */

/** Ids from `lower` (inclusive) to `upper` (exclusive); an empty `upper` is unbounded. */
export interface Range {
  readonly lower: Uint8Array
  readonly upper: Uint8Array
}

/** One side's description of a range. */
export interface Described extends Range {
  readonly kind: Exclude<RangeKind, typeof rangeKind.skip>
  readonly content: Uint8Array
}

export interface Answer {
  /** Ranges to send next, in order. */
  readonly ranges: Described[]
  /** Our ids that the other side lacks. */
  readonly lacking: Uint8Array[]
  /** Starts of the other side's ids that we lack. */
  readonly wanted: Uint8Array[]
  /** Starts and ids that `ranges` list, which the other side may request. */
  readonly listed: [start: string, id: Uint8Array][]
  /** False if a differing range did not fit. */
  readonly complete: boolean
}

export const everything: Range = { lower: new Uint8Array(0), upper: new Uint8Array(0) }

/** Sub-ranges of a range that differs. */
const branching = 16

/** Minimum ids of a sub-range: listing fewer costs less than another turn. */
const leafIds = 6

/** Largest range that is listed (ids). */
const listedIds = 2 * leafIds

export const fingerprintOf = async (index: IdIndex, range: Range, sha256: Sha256): Promise<Uint8Array> => {
  const [from, to] = ranksOf(index, range)
  return digest(index, from, to, sha256)
}

/** @param maxRanges Limit on ranges; the rest waits for another exchange. */
export const answerRanges = async (
  index: IdIndex,
  theirs: readonly Described[],
  { sha256, yieldIfDue, maxRanges }: { sha256: Sha256; yieldIfDue: YieldToEventLoop; maxRanges: number },
): Promise<Answer> => {
  const answer: Answer = { ranges: [], lacking: [], wanted: [], listed: [], complete: true }
  for (let at = 0; at < theirs.length; at += hashedAtOnce) {
    const some = theirs.slice(at, at + hashedAtOnce)
    const differs = await Promise.all(
      some.map(
        async (range) =>
          range.kind === rangeKind.fingerprint &&
          toHex(await fingerprintOf(index, range, sha256)) !== toHex(range.content),
      ),
    )
    await yieldIfDue()
    for (const [i, range] of some.entries()) {
      if (range.kind === rangeKind.list) await compareLists(index, range, answer, yieldIfDue)
      else if (differs[i] !== true) continue
      else if (answer.ranges.length + branching > maxRanges) return { ...answer, complete: false }
      else await describe(index, range, answer, sha256)
    }
    await yieldIfDue()
  }
  return answer
}

/** Fingerprints hashed concurrently: enough to keep the hash busy. */
const hashedAtOnce = 64

const ranksOf = (index: IdIndex, { lower, upper }: Range): [from: number, to: number] => {
  const from = index.rank(lower)
  return [from, upper.length === 0 ? index.size() : Math.max(from, index.rank(upper))]
}

const digest = async (index: IdIndex, from: number, to: number, sha256: Sha256): Promise<Uint8Array> => {
  const text = new Uint8Array(HASH_BYTES + 4)
  text.set(index.sum(from, to))
  new DataView(text.buffer).setUint32(HASH_BYTES, to - from)
  return (await sha256(text)).slice(0, SYNC_FINGERPRINT_BYTES)
}

const describe = async (index: IdIndex, range: Range, answer: Answer, sha256: Sha256): Promise<void> => {
  const [from, to] = ranksOf(index, range)
  if (to - from <= listedIds) {
    const ids = index.copy(from, to)
    const content = new Uint8Array((to - from) * SYNC_PREFIX_BYTES)
    for (let i = 0; i < to - from; i++) {
      const id = ids.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)
      const start = id.subarray(0, SYNC_PREFIX_BYTES)
      content.set(start, i * SYNC_PREFIX_BYTES)
      answer.listed.push([toHex(start), id])
    }
    answer.ranges.push({ lower: range.lower, upper: range.upper, kind: rangeKind.list, content })
    return
  }
  const parts = Math.min(branching, Math.ceil((to - from) / leafIds))
  const ends = Array.from({ length: parts }, (_, part) => from + Math.floor(((to - from) * (part + 1)) / parts))
  // Bounds and sums from the same moment: the index may change while they are hashed.
  const bounds = ends.map((end) => (end === to ? range.upper : between(index.at(end - 1), index.at(end))))
  const digests = await Promise.all(ends.map((end, part) => digest(index, ends[part - 1] ?? from, end, sha256)))
  for (const [part, content] of digests.entries()) {
    const lower = part === 0 ? range.lower : (bounds[part - 1] ?? range.lower)
    answer.ranges.push({ lower, upper: bounds[part] ?? range.upper, kind: rangeKind.fingerprint, content })
  }
}

const compareLists = async (
  index: IdIndex,
  range: Described,
  answer: Answer,
  yieldIfDue: YieldToEventLoop,
): Promise<void> => {
  const theirs = new Map<string, Uint8Array>()
  for (let at = 0; at < range.content.length; at += SYNC_PREFIX_BYTES) {
    const start = range.content.subarray(at, at + SYNC_PREFIX_BYTES)
    theirs.set(toHex(start), start)
  }
  const ids = index.copy(...ranksOf(index, range))
  for (let at = 0; at < ids.length; at += HASH_BYTES) {
    const id = ids.subarray(at, at + HASH_BYTES)
    if (theirs.size === 0 || !theirs.delete(toHex(id.subarray(0, SYNC_PREFIX_BYTES)))) answer.lacking.push(id)
    await yieldIfDue()
  }
  answer.wanted.push(...theirs.values())
}

/** The shortest bound that separates two neighbours: above the first and not above the second. */
const between = (below: Uint8Array, above: Uint8Array): Uint8Array => {
  let same = 0
  while (same < HASH_BYTES - 1 && below[same] === above[same]) same++
  return above.slice(0, same + 1)
}
