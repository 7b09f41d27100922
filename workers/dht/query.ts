import { compareBytes } from '../protocol/bytes.ts'
import type { Operation } from '../telemetry/operation.ts'

/** A peer that may be asked, as the seeds and the answers name it. */
export interface QueryPeer {
  /** Its peer id. */
  id: string
  /** Its distance from the key (XOR of the Kademlia ids); all of one query have the same length. */
  distance: Uint8Array
}

export interface QueryLimits {
  /** The query ends when this many of the closest peers that live were asked. */
  width: number
  /** Questions at once to peers that are connected, not counting slow ones. */
  parallel: number
  /** Questions at once to peers that must be dialled first, not counting slow ones. */
  dials: number
  /** All questions at once, slow ones included. */
  inFlight: number
  /** Peers that one query dials at most: each costs a tab an RTCPeerConnection. */
  dialBudget: number
}

export interface QueryDependencies<C extends QueryPeer> {
  seeds: readonly C[]
  /** Never asked. */
  self: string
  limits: QueryLimits
  /** A connected peer answers in one round trip; any other must be dialled, which takes four and more. */
  isConnected(id: string): boolean
  /** Higher is asked sooner among peers that are near enough; undefined is never asked. */
  rank(id: string): number | undefined
  /** Asks one peer. Resolves with the peers it named, or undefined when it has not answered; must not reject. */
  ask(candidate: C, operation: Operation, hops: number): Promise<readonly C[] | undefined>
  /** After this long without an answer a question no longer holds back others, ms; its answer still counts. */
  slowMs(connected: boolean): number
  /** After this long a question is waited for no more, ms, if more peers have answered than have not. */
  lostMs(connected: boolean): number
  operation: Operation
}

export interface QueryOutcome<C extends QueryPeer> {
  /** Peers that answered, closest first, at most `width`. */
  closest: C[]
  /** Questions that were asked. */
  asked: number
  /** Of those, questions to peers that were not connected. */
  dialled: number
}

/**
 * A query that is under way. It ends by itself when the closest peers were asked, or at once when its operation is cancelled.
 */
export interface Query<C extends QueryPeer> {
  done: Promise<QueryOutcome<C>>
  /** Asks nobody new; what is in flight may still answer. Ends when nothing quick is in flight any more. */
  settle(): void
  /** Ends now. */
  finish(): void
}

/** Why a question was given up: the peer did not answer in time. */
export const lost = new Error('The peer has not answered in time.')

/** Names taken from one answer: what an honest peer sends (k of Kademlia). */
const maxNamed = 20

/** Candidates that a query remembers: an honest network of any size needs fewer; a liar can fill no more. */
const maxCandidates = 600

/** So many peers that do not answer are chance; with more, whoever named them must have named as many that do. */
const patience = 2

/**
 * The Kademlia walk of a lookup, without anything of a network.
 *
 * Each peer is asked at most once. Of the `width` closest live candidates the connected ones are asked first, the best
 * ranked of them first; the others are dialled, closest first, once half of those have answered or were slow. A peer that does not
 * answer leaves the field; one that is slow frees its place, and its answer is still taken. Names that come from
 * somebody whose names do not answer go to the end of the line, so that one liar cannot fill the field with ghosts.
 *
 * Not guaranteed: that the peers found are the closest of the whole network when those who know them lie or are silent.
 */
export const startQuery = <C extends QueryPeer>(deps: QueryDependencies<C>): Query<C> => {
  const { limits, isConnected, rank, ask, slowMs, lostMs, self } = deps
  const known = new Map<string, Known<C>>()
  /** Names that did not answer, less those that did. */
  const failuresByIntroducer = new Map<string, number>()
  const stop = new AbortController()
  const { signal } = deps.operation
  const asking = deps.operation.withSignal(stop.signal)
  const ended = asking.signal
  const { promise: done, resolve } = Promise.withResolvers<QueryOutcome<C>>()
  let asked = 0
  let answered = 0
  let dialled = 0
  let inFlight = 0
  let settling = false
  let over = false
  const quick = { connected: 0, dialled: 0 }
  /** What gives up each question whose time is over; until then its answer is still taken. */
  const late = new Set<AbortController>()

  const add = (candidate: C, introducer: string, hops: number): void => {
    if (candidate.id === self || known.has(candidate.id) || known.size >= maxCandidates) return
    known.set(candidate.id, { candidate, introducer, hops, state: 'new' })
  }

  const isDoubtful = ({ introducer, state }: Known<C>): boolean =>
    state === 'new' && (failuresByIntroducer.get(introducer) ?? 0) > patience

  /** The closest that are not known to be dead or slow, those of doubtful origin behind all others. */
  const field = (): Known<C>[] =>
    [...known.values()]
      .filter(({ state, candidate }) => state !== 'failed' && state !== 'slow' && rank(candidate.id) !== undefined)
      .sort((a, b) => Number(isDoubtful(a)) - Number(isDoubtful(b)) || byDistance(a.candidate, b.candidate))
      .slice(0, limits.width)

  const next = (): Known<C> | undefined => {
    if (inFlight >= limits.inFlight) return undefined
    const open = field().filter(({ state }) => state === 'new')
    const connected = open.filter(({ candidate }) => isConnected(candidate.id))
    if (connected.length > 0) {
      if (quick.connected >= limits.parallel) return undefined
      // Sorting is stable: of equal rank the closest comes first.
      return connected.sort((a, b) => (rank(b.candidate.id) ?? 0) - (rank(a.candidate.id) ?? 0))[0]
    }
    // As many answers as are awaited tell enough of where to dial.
    if (quick.connected > answered || quick.dialled >= limits.dials || dialled >= limits.dialBudget) return undefined
    return open[0]
  }

  const start = (entry: Known<C>): void => {
    const kind = isConnected(entry.candidate.id) ? 'connected' : 'dialled'
    entry.state = 'asked'
    asked += 1
    if (kind === 'dialled') dialled += 1
    inFlight += 1
    quick[kind] += 1
    let isQuick = true
    const free = (): void => {
      if (isQuick) quick[kind] -= 1
      isQuick = false
    }
    const givenUp = new AbortController()
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
        late.add(givenUp)
        step()
      },
      lostMs(kind === 'connected'),
    )
    const finish = (named: readonly C[] | undefined): void => {
      clearTimeout(slowTimer)
      clearTimeout(lostTimer)
      late.delete(givenUp)
      free()
      inFlight -= 1
      entry.state = named === undefined ? 'failed' : 'answered'
      if (named !== undefined) answered += 1
      const failures = failuresByIntroducer.get(entry.introducer) ?? 0
      failuresByIntroducer.set(entry.introducer, failures + (named === undefined ? 1 : -1))
      for (const each of (named ?? []).slice(0, maxNamed)) add(each, entry.candidate.id, entry.hops + 1)
      step()
    }
    ask(entry.candidate, asking.withSignal(givenUp.signal), entry.hops).then(finish, () => finish(undefined))
  }

  const step = (): void => {
    if (over) return
    if (!settling && !ended.aborted) for (let entry = next(); entry !== undefined; entry = next()) start(entry)
    const waitsForSlow = !settling && answered < limits.width
    // When most do not answer it may be our own line: then they are waited for to the end.
    const onlyLost = inFlight === late.size && answered >= late.size
    if (ended.aborted || onlyLost || (!waitsForSlow && quick.connected + quick.dialled === 0)) end()
  }

  const end = (): void => {
    over = true
    signal.removeEventListener('abort', step)
    for (const question of late) question.abort(lost)
    stop.abort()
    const closest = [...known.values()].filter(({ state }) => state === 'answered').map(({ candidate }) => candidate)
    resolve({ closest: closest.sort(byDistance).slice(0, limits.width), asked, dialled })
  }

  for (const seed of deps.seeds) add(seed, self, 1)
  signal.addEventListener('abort', step, { once: true })
  // Later, so that the caller has what this returns before the first question is asked.
  queueMicrotask(step)
  return {
    done,
    settle() {
      settling = true
      step()
    },
    finish() {
      if (!over) end()
    },
  }
}

interface Known<C> {
  candidate: C
  introducer: string
  /** Answers that led to it: 1 for a seed. */
  hops: number
  state: 'new' | 'asked' | 'slow' | 'answered' | 'failed'
}

/** Closest first. */
export const byDistance = (a: QueryPeer, b: QueryPeer): number => compareBytes(a.distance, b.distance)
