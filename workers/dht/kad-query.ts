import { compareBytes } from '../protocol/bytes.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Attributes } from '../telemetry/telemetry.ts'

/** A peer from the seeds or an answer. */
export interface QueryPeer {
  /** Its peer id. */
  id: string
  /** Its distance from the key (XOR of the Kademlia ids), of the same length for all peers of a query. */
  distance: Uint8Array
}

export interface QueryLimits {
  /** The query ends when it has asked this many of the closest live peers. */
  width: number
  /** Concurrent requests to connected peers, without slow ones. */
  parallel: number
  /** Concurrent requests to peers that must be dialled first, without slow ones. */
  dials: number
  /** All concurrent requests, with slow ones. */
  inFlight: number
  /** Limit on the peers that one query dials: each costs a tab an RTCPeerConnection. */
  dialBudget: number
}

export interface QueryDependencies<C extends QueryPeer> {
  seeds: readonly C[]
  /** Never asked. */
  self: string
  limits: QueryLimits
  /** A connected peer answers in one round trip; dialling another takes four or more. */
  isConnected(id: string): boolean
  /** Higher is asked sooner among the peers near enough; undefined is never asked. */
  rank(id: string): number | undefined
  /** Asks one peer. Resolves with the peers it named, or undefined if it did not answer; must not reject. */
  ask(candidate: C, operation: Operation, hops: number): Promise<readonly C[] | undefined>
  /** Time after which an unanswered request no longer holds back others (ms); its answer still counts. */
  slowMs(connected: boolean): number
  /** Time after which an unanswered request is abandoned (ms), if at least as many peers have answered as have not. */
  lostMs(connected: boolean): number
  /** Each request gets a span in it. A network round trip takes long enough to be worth one. */
  operation: Operation
  /** Clock of the requests' durations (ms). */
  now(): number
}

/** What a query has done so far. */
export interface QueryCounts {
  /** Requests sent. */
  asked: number
  /** Of those, requests to peers that were not connected. */
  dialled: number
  /** Requests answered before the query ended. */
  answered: number
  /** Requests not answered in their time. */
  timedOut: number
  /** Most requests in flight at once. */
  fanOut: number
}

export interface QueryOutcome<C extends QueryPeer> extends QueryCounts {
  /** Peers that answered, closest first, at most `width`. */
  closest: C[]
}

/** The counts as attributes of the span of a query. */
export const toAttributes = ({ asked, dialled, answered, timedOut, fanOut }: QueryCounts): Attributes => ({
  fan_out: fanOut,
  asked,
  answered,
  timed_out: timedOut,
  dialled,
})

/**
 * A running query. It ends by itself once it has asked the closest peers, and at once when its operation is cancelled.
 */
export interface KadQuery<C extends QueryPeer> {
  done: Promise<QueryOutcome<C>>
  counts(): QueryCounts
  /** Sends no more requests; the query ends when every request in flight has been answered or is slow. */
  settle(): void
  /** Ends now. */
  finish(): void
}

/** Abort reason of an abandoned request. */
export const lost = new Error('The peer has not answered in time.')

/** Peers taken from one answer: k of Kademlia, which an honest peer never exceeds. */
const maxNamed = 20

/** Limit on the peers that a query tracks: an honest network of any size needs fewer; dishonest peers cannot add more. */
const maxCandidates = 600

/** Unanswered introductions that count as chance; an introducer with more needs as many that answer. */
const patience = 2

/**
 * The iterative Kademlia query, independent of the network.
 *
 * Asks each peer at most once. Among the `width` closest live peers it asks connected ones first, by rank; once half of
 * those have answered or are slow, it dials the others, closest first. A peer that does not answer drops out; a slow peer
 * frees its place, and its answer still counts. Peers whose introducer named too many unresponsive ones go last, so that
 * one dishonest peer cannot crowd out the others with peers that do not exist.
 *
 * Does not guarantee the closest peers of the whole network if the peers that know them are dishonest or silent.
 */
export const startKadQuery = <C extends QueryPeer>(deps: QueryDependencies<C>): KadQuery<C> => {
  const { limits, isConnected, rank, ask, slowMs, lostMs, self } = deps
  const tracked = new Map<string, TrackedPeer<C>>()
  /** Introduced peers that did not answer, minus those that did. */
  const failuresByIntroducer = new Map<string, number>()
  const stop = new AbortController()
  const { signal } = deps.operation
  const operation = deps.operation.withSignal(stop.signal)
  const ended = operation.signal
  const { promise: done, resolve } = Promise.withResolvers<QueryOutcome<C>>()
  const counts: QueryCounts = { asked: 0, dialled: 0, answered: 0, timedOut: 0, fanOut: 0 }
  let inFlight = 0
  let settling = false
  let over = false
  const quick = { connected: 0, dialled: 0 }
  /** Aborts each overdue request; until then its answer still counts. */
  const late = new Set<AbortController>()
  /** Ends the spans of the requests in flight, with the outcome that the end of the query leaves them. */
  const unanswered = new Set<() => void>()

  const add = (candidate: C, introducer: string, hops: number): void => {
    if (candidate.id === self || tracked.has(candidate.id) || tracked.size >= maxCandidates) return
    tracked.set(candidate.id, { candidate, introducer, hops, state: 'new' })
  }

  const isDoubtful = ({ introducer, state }: TrackedPeer<C>): boolean =>
    state === 'new' && (failuresByIntroducer.get(introducer) ?? 0) > patience

  /** The closest peers that have neither failed nor become slow; those with a doubtful introducer come last. */
  const closestLive = (): TrackedPeer<C>[] =>
    [...tracked.values()]
      .filter(({ state, candidate }) => state !== 'failed' && state !== 'slow' && rank(candidate.id) !== undefined)
      .sort((a, b) => Number(isDoubtful(a)) - Number(isDoubtful(b)) || byDistance(a.candidate, b.candidate))
      .slice(0, limits.width)

  const next = (): TrackedPeer<C> | undefined => {
    if (inFlight >= limits.inFlight) return undefined
    const open = closestLive().filter(({ state }) => state === 'new')
    const connected = open.filter(({ candidate }) => isConnected(candidate.id))
    if (connected.length > 0) {
      if (quick.connected >= limits.parallel) return undefined
      // The sort is stable: among peers of equal rank the closest comes first.
      return connected.sort((a, b) => (rank(b.candidate.id) ?? 0) - (rank(a.candidate.id) ?? 0))[0]
    }
    // Dial only once as many requests are answered as pending: the answers show where.
    if (quick.connected > counts.answered || quick.dialled >= limits.dials || counts.dialled >= limits.dialBudget)
      return undefined
    return open[0]
  }

  const start = (entry: TrackedPeer<C>): void => {
    const kind = isConnected(entry.candidate.id) ? 'connected' : 'dialled'
    entry.state = 'asked'
    counts.asked += 1
    if (kind === 'dialled') counts.dialled += 1
    inFlight += 1
    counts.fanOut = Math.max(counts.fanOut, inFlight)
    quick[kind] += 1
    const started = deps.now()
    const { span } = deps.operation.start('dht_peer_query', {
      peer: entry.candidate.id,
      hops: entry.hops,
      dialled: kind === 'dialled',
    })
    const conclude = (outcome: RequestOutcome): void => {
      unanswered.delete(endUnanswered)
      if (outcome === 'timed_out') counts.timedOut += 1
      span.setAttributes({ outcome, ms: deps.now() - started })
      span.end()
    }
    // A slow request has used up its time; another one only was no longer needed.
    const endUnanswered = (): void => conclude(entry.state === 'slow' ? 'timed_out' : 'cancelled')
    unanswered.add(endUnanswered)
    let isQuick = true
    const free = (): void => {
      if (isQuick) quick[kind] -= 1
      isQuick = false
    }
    const abandon = new AbortController()
    const slowTimer = setTimeout(
      () => {
        free()
        entry.state = 'slow'
        step()
      },
      slowMs(kind === 'connected'),
    )
    const lostTimer = setTimeout(
      () => {
        late.add(abandon)
        step()
      },
      lostMs(kind === 'connected'),
    )
    const finish = (named: readonly C[] | undefined): void => {
      clearTimeout(slowTimer)
      clearTimeout(lostTimer)
      late.delete(abandon)
      free()
      inFlight -= 1
      if (unanswered.has(endUnanswered)) conclude(named === undefined ? 'failed' : 'answered')
      entry.state = named === undefined ? 'failed' : 'answered'
      if (named !== undefined) counts.answered += 1
      const failures = failuresByIntroducer.get(entry.introducer) ?? 0
      failuresByIntroducer.set(entry.introducer, failures + (named === undefined ? 1 : -1))
      for (const each of (named ?? []).slice(0, maxNamed)) add(each, entry.candidate.id, entry.hops + 1)
      step()
    }
    ask(entry.candidate, operation.withSignal(abandon.signal), entry.hops).then(finish, () => finish(undefined))
  }

  const step = (): void => {
    if (over) return
    if (!settling && !ended.aborted) for (let entry = next(); entry !== undefined; entry = next()) start(entry)
    const waitsForSlow = !settling && counts.answered < limits.width
    // If most peers do not answer, our own connection may be at fault: then wait until the deadline.
    const onlyLost = inFlight === late.size && counts.answered >= late.size
    if (ended.aborted || onlyLost || (!waitsForSlow && quick.connected + quick.dialled === 0)) end()
  }

  const end = (): void => {
    over = true
    signal.removeEventListener('abort', step)
    for (const endRequest of unanswered) endRequest()
    for (const request of late) request.abort(lost)
    stop.abort()
    const closest = [...tracked.values()].filter(({ state }) => state === 'answered').map(({ candidate }) => candidate)
    resolve({ closest: closest.sort(byDistance).slice(0, limits.width), ...counts })
  }

  for (const seed of deps.seeds) add(seed, self, 1)
  signal.addEventListener('abort', step, { once: true })
  // Deferred, so that the caller holds the returned query before the first request.
  queueMicrotask(step)
  return {
    done,
    counts: () => ({ ...counts }),
    settle() {
      settling = true
      step()
    },
    finish() {
      if (!over) end()
    },
  }
}

/** `cancelled`: the query ended first. `failed`: no answer, or none that could be read. */
type RequestOutcome = 'answered' | 'failed' | 'timed_out' | 'cancelled'

interface TrackedPeer<C> {
  candidate: C
  introducer: string
  /** Requests on the path to it, its own included: 1 for a seed. */
  hops: number
  state: 'new' | 'asked' | 'slow' | 'answered' | 'failed'
}

/** Closest first. */
export const byDistance = (a: QueryPeer, b: QueryPeer): number => compareBytes(a.distance, b.distance)
