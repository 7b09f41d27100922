import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Answer, Contact } from './kad-rpc.ts'
import { lookupDuration } from './lookup-stats.ts'
import { byDistance, type QueryLimits, startQuery } from './query.ts'
import { createTimedRequest, type TimedRequestDependencies } from './timed-request.ts'

/** A lookup that has found nothing by then finds nothing, ms (spec §2.8). */
const lookupTimeoutMs = 5_000

/** After the first valid answer, later ones may still raise the sequence number for half a round trip, at most this, ms. */
const maxSettleMs = 75

/** With our own copy alone, others are waited for so long at most, ms. */
const maxOwnWaitMs = 150

/** A put ends after this long, ms: who has not confirmed by then is slow or gone, and the head is put again anyway. */
const putTimeoutMs = 5_000

/**
 * A put goes to the 20 closest. When 10 of the closest that live do not have a value, no one has: even of copies of
 * which half are gone, ten in a row are missing once in a thousand times. Four at once find as well as six or ten do
 * (in as many hops, with 250 nodes), and ask less.
 */
const getLimits: QueryLimits = { width: 10, parallel: 4, dials: 3, inFlight: 20, dialBudget: 16 }
const putLimits: QueryLimits = { width: 20, parallel: 8, dials: 3, inFlight: 24, dialBudget: 24 }

/** Peers whose older value is replaced after a lookup; the next lookup comes by the others. */
const maxRepairs = 4

/** What one stored value says, once its signature and identity were checked. */
export interface FoundHead<T> {
  /** Of the identity document; weighs more than `seq`: a key that was rotated out cannot roll a package back. */
  identitySeq: number
  seq: number
  value: T
}

/**
 * `forged`: not valid for its key. `older`: valid, and older than what is known here: its sender may have missed the
 * news, or lost it by a restart.
 */
export type Misanswer = 'forged' | 'older'

/** `absent`: the closest peers that live do not have it. */
export type LookupOutcome = 'found' | 'absent' | 'timeout' | 'cancelled'

export interface HeadsDependencies<T> extends TimedRequestDependencies {
  /**
   * Decodes and verifies a value for its key; undefined for anything that is not valid. `unsupported`: only a later
   * version of this program can tell, so that its sender is not to blame.
   */
  verify(key: Uint8Array, value: Uint8Array): Promise<FoundHead<T> | 'unsupported' | undefined>
  /** Higher is asked sooner; undefined is never asked. All alike when not given. */
  rank?(peer: string): number | undefined
  /** The newest head known here already: an older one does not win. */
  newest?(key: Uint8Array): Pick<FoundHead<unknown>, 'identitySeq' | 'seq'> | undefined
  /** A peer has answered with what must not win. */
  onMisanswer?(peer: string, kind: Misanswer): void
  telemetry: Pick<Telemetry, 'meter' | 'logger'>
}

export interface Heads<T> {
  /**
   * Stores a value here and at the closest peers, each as soon as it is found; tells how many of them confirmed it, as
   * they do. Resolves within 5 s.
   */
  put(
    key: string,
    value: Uint8Array,
    options: { operation: Operation; onConfirmed(count: number): void },
  ): Promise<number>
  /**
   * The newest valid value among the first answers: the first valid one settles the lookup, and answers that come
   * within half a round trip more can only raise the sequence number. Undefined when none came in time.
   */
  get(key: string, options: { operation: Operation }): Promise<FoundHead<T> | undefined>
}

/**
 * Package heads in the DHT, over our own query.
 *
 * Every value that comes before the end of a lookup is checked and counts, whoever sent it; what is forged or older
 * never wins and is told. Peers that had an older value are given the newest one afterwards.
 */
export const createHeads = <T>(deps: HeadsDependencies<T>): Heads<T> => {
  const { wire, verify, roundTrips, now, newest, onMisanswer } = deps
  const rank = deps.rank ?? (() => 0)

  const asking = createTimedRequest(deps)
  const measures = createLookupMeasures(deps.telemetry)

  const walk = (
    seeds: Contact[],
    limits: QueryLimits,
    operation: Operation,
    ask: (peer: Contact, operation: Operation, hops: number) => Promise<Answer | undefined>,
  ) =>
    startQuery<Contact>({
      seeds,
      self: wire.self,
      limits,
      isConnected: wire.isConnected,
      rank,
      slowMs: roundTrips.slowMs,
      lostMs: roundTrips.lostMs,
      operation,
      ask: async (peer, asked, hops) => (await ask(peer, asked, hops))?.closer,
    })

  const lookUp = async (key: string, operation: Operation): Promise<FoundHead<T> | undefined> => {
    const started = now()
    const keyBytes = encode(key)
    const timeout = AbortSignal.timeout(lookupTimeoutMs)
    const floor = newest?.(keyBytes)
    let best: { found: FoundHead<T>; bytes: Uint8Array } | undefined
    let firstHops = 0
    /** Somebody else had a valid value. */
    let isSettled = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const checks = new Set<Promise<void>>()
    const answers: { peer: Contact; found: FoundHead<T> }[] = []

    const finishIn = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => query.finish(), ms)
    }

    const consider = async (bytes: Uint8Array, peer: Contact | undefined, hops: number): Promise<void> => {
      // A verifier that throws has not found the value valid, and that is not its sender's fault.
      const found = await verify(keyBytes, bytes).catch(() => 'unsupported' as const)
      if (found === 'unsupported') return
      if (found === undefined) {
        if (peer !== undefined) onMisanswer?.(peer.id, 'forged')
        return
      }
      if (peer !== undefined) answers.push({ peer, found })
      if (floor !== undefined && compare(found, floor) < 0) return
      if (best === undefined) firstHops = hops
      if (best === undefined || compare(found, best.found) > 0) best = { found, bytes }
      if (peer === undefined) finishIn(Math.min(maxOwnWaitMs, roundTrips.slowMs(true)))
      else if (!isSettled) {
        isSettled = true
        finishIn(Math.min(maxSettleMs, roundTrips.typicalMs() / 2))
        query.settle()
      }
    }

    const [own, seeds] = await Promise.all([wire.own.getValue(keyBytes), wire.seeds(keyBytes)])
    const query = walk(seeds, getLimits, operation.withSignal(timeout), async (peer, asked, hops) => {
      const answer = await asking(peer, asked, () => wire.getValue(peer, keyBytes, asked))
      if (answer?.value !== undefined) {
        const check = consider(answer.value, peer, hops)
        checks.add(check)
        await check
        checks.delete(check)
      }
      return answer
    })
    if (own !== undefined) checks.add(consider(own, undefined, 0))
    const { asked, dialled } = await query.done
    // What had arrived before the end is still being checked: it counts.
    await Promise.all(checks)
    clearTimeout(timer)

    const standard = best?.found ?? floor
    const stale = answers.filter(({ found }) => standard !== undefined && compare(found, standard) < 0)
    for (const { peer } of stale) onMisanswer?.(peer.id, 'older')
    if (best !== undefined) repair(key, best.bytes, stale, operation)
    const { aborted } = operation.signal
    const outcome = best !== undefined ? 'found' : aborted ? 'cancelled' : timeout.aborted ? 'timeout' : 'absent'
    operation.span.setAttributes({ outcome, hops: firstHops, asked, dialled })
    measures.ended(key, outcome, { tookMs: now() - started, hops: firstHops, asked, dialled })
    return best?.found
  }

  return {
    async put(key, value, { operation, onConfirmed }) {
      const keyBytes = encode(key)
      const limited = operation.withTimeout(putTimeoutMs)
      const deadline = limited.signal
      let confirmed = 0
      const puts = new Map<string, Promise<void>>()
      const answered: Contact[] = []

      const putTo = (peer: Contact): void => {
        if (puts.has(peer.id)) return
        puts.set(
          peer.id,
          wire.putValue(peer, keyBytes, value, limited).then((stored) => {
            if (!stored || deadline.aborted) return
            confirmed += 1
            onConfirmed(confirmed)
          }),
        )
      }

      await wire.own.putValue(keyBytes, value)
      const seeds = await wire.seeds(keyBytes)
      const { done } = walk(seeds, putLimits, limited, async (peer, asked) => {
        const answer = await asking(peer, asked, () => wire.findNode(peer, keyBytes, asked))
        if (answer === undefined) return undefined
        answered.push(peer)
        // Whoever knows few peers that are closer is close enough not to wait for the end of the walk.
        const closer = answer.closer.filter((other) => byDistance(other, peer) < 0).length
        if (closer < putLimits.width / 2) putTo(peer)
        return answer
      })
      const { closest } = await done
      for (const peer of closest) putTo(peer)
      await Promise.race([Promise.all(puts.values()), aborted(deadline)])
      return confirmed
    },

    get: (key, { operation }) => operation.run('dht.lookup', (lookup) => lookUp(key, lookup), { key }),
  }

  /** Nobody waits for it: who misses it will be given the value by the next put. */
  function repair(key: string, bytes: Uint8Array, stale: readonly { peer: Contact }[], operation: Operation): void {
    for (const { peer } of stale.slice(0, maxRepairs))
      void wire.putValue(peer, encode(key), bytes, operation.detached(AbortSignal.timeout(putTimeoutMs)))
  }
}

/**
 * @param telemetry counts what the page shows of lookups (lookup-stats.ts). A cancelled lookup says nothing of the DHT, so it is
 * logged only.
 */
const createLookupMeasures = ({ meter, logger }: Pick<Telemetry, 'meter' | 'logger'>) => {
  const log = logger('dht')
  const duration = meter.createHistogram(lookupDuration, { unit: 'ms', description: 'Duration of head lookups' })
  const hopCount = meter.createHistogram('ggen.dht.lookup.hops', {
    unit: '{hop}',
    description: 'Answers on the way to the first valid head; 0 when it was kept here',
  })
  const askedCount = meter.createHistogram('ggen.dht.lookup.requests', {
    unit: '{request}',
    description: 'Peers asked by a head lookup',
  })
  const dialCount = meter.createHistogram('ggen.dht.lookup.dials', {
    unit: '{dial}',
    description: 'Peers that a head lookup dialled',
  })
  return {
    ended(
      key: string,
      outcome: LookupOutcome,
      found: { tookMs: number; hops: number; asked: number; dialled: number },
    ) {
      log.debug('lookup ended', { key, outcome, ...found })
      if (outcome === 'cancelled') return
      duration.record(found.tookMs, { outcome })
      hopCount.record(found.hops)
      askedCount.record(found.asked)
      dialCount.record(found.dialled)
    },
  }
}

type Version = Pick<FoundHead<unknown>, 'identitySeq' | 'seq'>

const compare = (a: Version, b: Version): number => a.identitySeq - b.identitySeq || a.seq - b.seq

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

const encoder = new TextEncoder()
const encode = (key: string): Uint8Array => encoder.encode(key)
