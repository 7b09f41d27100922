import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { byDistance, type QueryLimits, startKadQuery, toAttributes } from './kad-query.ts'
import type { Answer, Contact } from './kad-rpc.ts'
import { createMeasuredRequest, type MeasuredRequestDependencies } from './measured-request.ts'

/** Deadline of a lookup without a result (ms). */
const lookupTimeoutMs = 5_000

/**
 * Limit on the wait after the first valid answer (ms): later answers may raise the sequence number for half a round trip.
 */
const maxSettleMs = 75

/** Limit on the wait for other peers when we hold a copy ourselves (ms). */
const maxOwnWaitMs = 150

/** Timeout of a put (ms): peers that have not confirmed by then are slow or gone, and the head is republished anyway. */
const putTimeoutMs = 5_000

/**
 * A put goes to the 20 closest peers. If the 10 closest live peers lack a value, the DHT lacks it: even with half of the
 * copies gone, ten misses in a row happen once in a thousand lookups. With 250 nodes, four parallel requests needed as
 * few hops as six or ten, and fewer requests.
 */
const getLimits: QueryLimits = { width: 10, parallel: 4, dials: 3, inFlight: 20, dialBudget: 16 }
const putLimits: QueryLimits = { width: 20, parallel: 8, dials: 3, inFlight: 24, dialBudget: 24 }

/** Peers whose older value one lookup replaces; later lookups repair the rest. */
const maxRepairs = 4

/** A stored value whose signature and identity are verified. */
export interface FoundHead<T> {
  /** Of the identity document. Takes precedence over `seq`, so that a rotated-out key cannot roll a package back. */
  identitySeq: number
  seq: number
  value: T
}

/**
 * `forged`: not valid for its key. `older`: valid, but older than our newest head; the peer may have missed the update or
 * lost it in a restart.
 */
export type RejectedAnswer = 'forged' | 'older'

/** `absent`: the closest live peers do not have it. */
export type LookupOutcome = 'found' | 'absent' | 'timeout' | 'cancelled'

export interface DhtHeadsDependencies<T> extends MeasuredRequestDependencies {
  /**
   * Decodes and verifies a value for its key; undefined if invalid. `unsupported`: needs a later version of this program,
   * so the sender is not penalised.
   */
  verify(key: Uint8Array, value: Uint8Array): Promise<FoundHead<T> | 'unsupported' | undefined>
  /** Higher is asked sooner; undefined is never asked. By default all peers rank alike. */
  rank?(peer: string): number | undefined
  /** The newest head seen by this node; an older answer does not win. */
  newest?(key: Uint8Array): Pick<FoundHead<unknown>, 'identitySeq' | 'seq'> | undefined
  /** A peer answered with a value that cannot win. */
  onRejectedAnswer?(peer: string, kind: RejectedAnswer): void
  telemetry: Pick<Telemetry, 'meter' | 'logger'>
}

export interface DhtHeads<T> {
  /**
   * Stores a value locally and at the closest peers, at each as soon as it is found, and reports the number of
   * confirmations as they arrive. Resolves within 5 s.
   */
  put(
    key: string,
    value: Uint8Array,
    options: { operation: Operation; onConfirmed(count: number): void },
  ): Promise<number>
  /**
   * The newest valid value among the first answers: the first one settles the lookup; answers within another half round
   * trip can only raise the sequence number. Undefined if none arrives in time.
   */
  get(key: string, options: { operation: Operation }): Promise<FoundHead<T> | undefined>
}

/**
 * Package heads in the DHT, over our own Kademlia query.
 *
 * Every value that arrives before a lookup ends is verified and counts. Forged and older values never win and are
 * reported. Peers with an older value get the newest one afterwards.
 */
export const createDhtHeads = <T>(deps: DhtHeadsDependencies<T>): DhtHeads<T> => {
  const { rpc, verify, roundTrips, now, newest, onRejectedAnswer } = deps
  const rank = deps.rank ?? (() => 0)

  const measuredRequest = createMeasuredRequest(deps)
  const measures = createLookupMeasures(deps.telemetry)

  const queryPeers = (
    seeds: Contact[],
    limits: QueryLimits,
    operation: Operation,
    ask: (peer: Contact, operation: Operation, hops: number) => Promise<Answer | undefined>,
  ) =>
    startKadQuery<Contact>({
      seeds,
      self: rpc.self,
      limits,
      isConnected: rpc.isConnected,
      rank,
      slowMs: roundTrips.slowMs,
      lostMs: roundTrips.lostMs,
      operation,
      now,
      ask: async (peer, request, hops) => (await ask(peer, request, hops))?.closer,
    })

  const lookUp = async (key: string, operation: Operation): Promise<FoundHead<T> | undefined> => {
    const started = now()
    const keyBytes = encode(key)
    const timeout = AbortSignal.timeout(lookupTimeoutMs)
    const floor = newest?.(keyBytes)
    let best: { found: FoundHead<T>; bytes: Uint8Array } | undefined
    let firstHops = 0
    /** Another peer had a valid value. */
    let isSettled = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const checks = new Set<Promise<void>>()
    const answers: { peer: Contact; found: FoundHead<T> }[] = []

    const finishIn = (ms: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => query.finish(), ms)
    }

    const consider = async (bytes: Uint8Array, peer: Contact | undefined, hops: number): Promise<void> => {
      // A verifier that throws proves nothing about the value or its sender.
      const found = await verify(keyBytes, bytes).catch(() => 'unsupported' as const)
      if (found === 'unsupported') return
      if (found === undefined) {
        if (peer !== undefined) onRejectedAnswer?.(peer.id, 'forged')
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

    const [own, seeds] = await Promise.all([rpc.own.getValue(keyBytes), rpc.seeds(keyBytes)])
    const query = queryPeers(seeds, getLimits, operation.withSignal(timeout), async (peer, request, hops) => {
      const answer = await measuredRequest(peer, request, () => rpc.getValue(peer, keyBytes, request))
      if (answer?.value !== undefined) {
        const check = consider(answer.value, peer, hops)
        checks.add(check)
        await check
        checks.delete(check)
      }
      return answer
    })
    if (own !== undefined) checks.add(consider(own, undefined, 0))
    const counts = await query.done
    const { asked, answered, dialled } = counts
    // Values that arrived before the end may still be in verification; they count.
    await Promise.all(checks)
    clearTimeout(timer)

    const standard = best?.found ?? floor
    const stale = answers.filter(({ found }) => standard !== undefined && compare(found, standard) < 0)
    for (const { peer } of stale) onRejectedAnswer?.(peer.id, 'older')
    if (best !== undefined) repair(key, best.bytes, stale, operation)
    const { aborted } = operation.signal
    const outcome = best !== undefined ? 'found' : aborted ? 'cancelled' : timeout.aborted ? 'timeout' : 'absent'
    operation.span.setAttributes({ outcome, found: best !== undefined, hops: firstHops, ...toAttributes(counts) })
    measures.ended(key, outcome, { tookMs: now() - started, hops: firstHops, asked, answered, dialled })
    return best?.found
  }

  const putHead = async (
    key: string,
    value: Uint8Array,
    operation: Operation,
    onConfirmed: (count: number) => void,
  ): Promise<number> => {
    const keyBytes = encode(key)
    const limited = operation.withTimeout(putTimeoutMs)
    const deadline = limited.signal
    let confirmed = 0
    const puts = new Map<string, Promise<void>>()

    const putTo = (peer: Contact): void => {
      if (puts.has(peer.id)) return
      puts.set(
        peer.id,
        rpc.putValue(peer, keyBytes, value, limited).then((stored) => {
          if (!stored || deadline.aborted) return
          confirmed += 1
          onConfirmed(confirmed)
        }),
      )
    }

    await rpc.own.putValue(keyBytes, value)
    const seeds = await rpc.seeds(keyBytes)
    const { done } = queryPeers(seeds, putLimits, limited, async (peer, request) => {
      const answer = await measuredRequest(peer, request, () => rpc.findNode(peer, keyBytes, request))
      if (answer === undefined) return undefined
      // A peer that names few closer ones is close enough to receive the value before the query ends.
      const closer = answer.closer.filter((other) => byDistance(other, peer) < 0).length
      if (closer < putLimits.width / 2) putTo(peer)
      return answer
    })
    const { closest, ...counts } = await done
    for (const peer of closest) putTo(peer)
    await Promise.race([Promise.all(puts.values()), aborted(deadline)])
    operation.span.setAttributes({ acknowledgements: confirmed, puts: puts.size, ...toAttributes(counts) })
    return confirmed
  }

  return {
    put: (key, value, { operation, onConfirmed }) =>
      operation.run('dht_query', (putting) => putHead(key, value, putting, onConfirmed), { purpose: 'put_head', key }),

    get: (key, { operation }) =>
      operation.run('dht_query', (lookup) => lookUp(key, lookup), { purpose: 'find_head', key }),
  }

  /** Runs in the background: the next put reaches the peers that this misses. */
  function repair(key: string, bytes: Uint8Array, stale: readonly { peer: Contact }[], operation: Operation): void {
    for (const { peer } of stale.slice(0, maxRepairs))
      void rpc.putValue(peer, encode(key), bytes, operation.detached(AbortSignal.timeout(putTimeoutMs)))
  }
}

/**
 * @param telemetry records the lookup statistics that the page shows (lookup-stats.ts). A lookup that was cancelled or
 * had nobody to ask says nothing about the DHT and is only logged: the latter ends within a millisecond, and many of
 * them would hide slow ones from the percentiles.
 */
const createLookupMeasures = ({ meter, logger }: Pick<Telemetry, 'meter' | 'logger'>) => {
  const log = logger('dht')
  const duration = meter.createHistogram('dht_lookup_duration')
  const hopCount = meter.createHistogram('dht_lookup_hops')
  const askedCount = meter.createHistogram('dht_lookup_requests')
  const dialCount = meter.createHistogram('dht_lookup_dials')
  const effectiveness = meter.createHistogram('dht_fan_out_effectiveness')
  const lookups = meter.createCounter('dht_lookups_total')
  const countByOutcome = {
    found: lookups.with({ outcome: 'found' }),
    absent: lookups.with({ outcome: 'absent' }),
    timeout: lookups.with({ outcome: 'timeout' }),
  }
  return {
    ended(
      key: string,
      outcome: LookupOutcome,
      found: { tookMs: number; hops: number; asked: number; answered: number; dialled: number },
    ) {
      log.debug('lookup ended', { key, outcome, ...found })
      if (outcome === 'cancelled' || found.asked === 0) return
      countByOutcome[outcome].add(1)
      effectiveness.record(found.answered / found.asked)
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
