import type { Store } from '../store/store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type RankedPeer, type RankOptions, rankPeers } from './ranking.ts'
import { isPeerIdText, maxThousandths, type PeerRecord, peerRecordCodec } from './record.ts'
import { type Experience, type Score, scoreOf, unknownScore } from './score.ts'

/**
 * First-hand experience with a bounded number of peers, which decays with age and survives restarts. A peer that sends a
 * wrong hash or signature is banned for an hour (docs/protocol.md §10).
 *
 * Setting the clock back neither extends a ban beyond an hour from then nor leaves timestamps in the future; setting it
 * forward ends bans as time would. Stored records never cause a rejection: invalid ones are removed. Does not guarantee
 * that an id stays with one person, since ids are free, or that the last seconds survive a crash, except bans, which are
 * written at once.
 */
export interface Reputation {
  /** Loads the stored records. Keeps earlier observations. */
  load(): Promise<{ dropped: number }>
  observe(peer: string, event: PeerEvent): void
  /** In [0, 1]; the default score for an unknown peer. */
  scoreOf(peer: string): number
  /** Undefined for an unknown peer. */
  get(peer: string): PeerReputation | undefined
  /** Bans a peer for an hour because a person wants it, without counting a fault. Ignores what is no peer id. */
  ban(peer: string): void
  /** Ends a ban; the experience that led to it stays. */
  unban(peer: string): void
  isBanned(peer: string): boolean
  /** Ranks the peers that are not banned, best first. */
  rank(peers: readonly string[], options?: RankOptions): string[]
  /**
   * For gossipsub's `appSpecificScore`: 0 for an unknown peer, up to 25 for a good one (above 20 is preferred in the
   * mesh), down to −8 for one that always fails (below −10 it would get no gossip), −1,000 while banned.
   */
  appScore(peer: string): number
  /** Best first. */
  list(): PeerReputation[]
  /** Writes changes; resolves after one attempt. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export type PeerEvent =
  | { kind: 'rtt'; ms: number }
  /** A request got a valid answer of this size in this time. */
  | { kind: 'transfer'; bytes: number; ms: number }
  | { kind: 'ok'; ms?: number }
  /** The peer did not answer in time, or not with the requested data. */
  | { kind: 'failed' }
  /**
   * The peer broke the protocol. `hash` and `signature` ban at once; the others, which an old version or a race can cause,
   * after three recent ones.
   */
  | { kind: 'violation'; fault: 'hash' | 'signature' | 'malformed' | 'flood' }

export interface PeerReputation extends Experience {
  peer: string
  score: Score
  /** Violations, decayed with age. */
  faults: number
  /** Ms since the epoch. */
  bannedUntil: number | undefined
}

export interface ReputationDependencies {
  store: Store
  /** Ms since the epoch. */
  now(): number
  /** In [0, 1). */
  random(): number
  limits?: { peers?: number }
  telemetry?: Pick<Telemetry, 'logger'>
  /** A peer is banned that was not before. */
  onBanned?(peer: string): void
}

/** Length of a ban (ms; docs/protocol.md §10). */
const banMs = 3_600_000

/** Half-life of outcomes (ms): a peer that was bad yesterday may be on another network today. */
const halfLifeMs = 86_400_000

/** Peers remembered, at about 200 bytes each in memory and in the store. */
const defaultPeers = 2_000

/** Share of the peers evicted together over the limit, because sorting them costs a millisecond. */
const forgetShare = 0.1

/** Age at which a peer is dropped at the next start (ms): its outcomes have decayed to a thousandth. */
const staleMs = 10 * halfLifeMs

/** Weight of the newest measurement, so that about the last five count. */
const newest = 0.3

/** Minimum transfer for measuring throughput (bytes); smaller ones measure the round trip. */
const minTransferBytes = 16_384

/** Failures that a violation counts as. */
const faultFailures = 5

/** Decayed violations at which a peer is banned. */
const faultsUntilBan = 2.5

/** Delay of writes (ms), which batches changes; losing a few seconds of reputation does no harm. */
const writeDelayMs = 5_000

/** Other records of peers share the table. */
const prefix = 'reputation/'

const bannedAppScore = -1_000
const bestAppScore = 25
const worstAppScore = -8

interface PeerState extends Experience {
  faults: number
  /** Time to which outcomes and faults are decayed (ms since the epoch). */
  at: number
  bannedUntil: number | undefined
}

export const createReputation = (deps: ReputationDependencies): Reputation => {
  const { store, now, random, telemetry = noTelemetry, onBanned = () => {} } = deps
  const log = telemetry.logger('peers')
  const maxPeers = deps.limits?.peers ?? defaultPeers
  const stateByPeer = new Map<string, PeerState>()
  const changed = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> = Promise.resolve()
  let stopped = false

  /** Decays outcomes to the current time and clamps timestamps of a clock that was ahead. */
  const refresh = (state: PeerState): PeerState => {
    const time = now()
    const elapsed = time - state.at
    if (elapsed > 0) {
      const left = 2 ** (-elapsed / halfLifeMs)
      state.ok *= left
      state.failed *= left
      state.faults *= left
    }
    state.at = time
    if (state.lastSuccessAt !== undefined) state.lastSuccessAt = Math.min(state.lastSuccessAt, time)
    if (state.bannedUntil !== undefined) {
      state.bannedUntil = Math.min(state.bannedUntil, time + banMs)
      if (state.bannedUntil <= time) state.bannedUntil = undefined
    }
    return state
  }

  const find = (peer: string): PeerState | undefined => {
    const state = stateByPeer.get(peer)
    return state === undefined ? undefined : refresh(state)
  }

  const meet = (peer: string): PeerState => {
    const state = find(peer)
    if (state !== undefined) return state
    const fresh: PeerState = { ...unmet, at: now() }
    stateByPeer.set(peer, fresh)
    if (stateByPeer.size > maxPeers) forgetSome(peer)
    return fresh
  }

  /** Evicts the least informative peers: not banned, few good outcomes, met long ago. New peers cannot evict proven ones. */
  const forgetSome = (newcomer: string): void => {
    const peers = [...stateByPeer]
      .filter(([peer]) => peer !== newcomer)
      .map(([peer, state]) => ({ peer, ...refresh(state) }))
    peers.sort(
      (a, b) =>
        (a.bannedUntil ?? 0) - (b.bannedUntil ?? 0) ||
        a.ok - b.ok ||
        (a.lastSuccessAt ?? 0) - (b.lastSuccessAt ?? 0) ||
        a.failed - b.failed,
    )
    for (const { peer } of peers.slice(0, Math.max(1, Math.floor(maxPeers * forgetShare)))) {
      stateByPeer.delete(peer)
      note(peer)
    }
  }

  const note = (peer: string): void => {
    changed.add(peer)
    if (stopped) return
    timer ??= setTimeout(() => void flush(), writeDelayMs)
  }

  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(write)
    return writing
  }

  const write = async (): Promise<void> => {
    if (changed.size === 0) return
    const peers = [...changed]
    changed.clear()
    try {
      await store.write(
        peers.map((peer) => {
          const state = stateByPeer.get(peer)
          const value = state === undefined ? undefined : peerRecordCodec.encode(toRecord(peer, state))
          return value === undefined
            ? { table: 'peers', key: prefix + peer, value: undefined }
            : { table: 'peers', key: prefix + peer, value }
        }),
      )
    } catch {
      // Still in memory; retried with the next change and on stop.
      for (const peer of peers) changed.add(peer)
    }
  }

  const succeed = (state: PeerState): void => {
    state.ok += 1
    state.lastSuccessAt = now()
  }

  const punish = (state: PeerState, fault: Extract<PeerEvent, { kind: 'violation' }>['fault']): void => {
    state.faults += 1
    state.failed += faultFailures
    if (fault !== 'hash' && fault !== 'signature' && state.faults < faultsUntilBan) return
    state.bannedUntil = now() + banMs
  }

  const isBanned = (state: PeerState | undefined): boolean => state?.bannedUntil !== undefined

  const totalOf = (state: PeerState | undefined): number =>
    state === undefined ? unknownScore : scoreOf(state, now()).total

  return {
    async load() {
      const stored = await store.entries('peers', prefix)
      const dropped: string[] = []
      for (const [key, value] of stored) {
        const read = peerRecordCodec.decode(value)
        const peer = key.slice(prefix.length)
        const record = read.ok && read.value.peer === peer ? fromRecord(read.value) : undefined
        if (record === undefined) {
          dropped.push(key)
          continue
        }
        const stale = now() - record.at > staleMs
        const met = stateByPeer.get(peer)
        // Observed before the load, as in a fast start: take over only the ban.
        if (met !== undefined) met.bannedUntil = latest(met.bannedUntil, record.bannedUntil)
        else if (stale) note(peer)
        else if (stateByPeer.size < maxPeers || record.bannedUntil !== undefined) {
          stateByPeer.set(peer, record)
          // Clamp timestamps of a clock that was ahead on disk too; otherwise each start would renew a ban.
          if (record.at > now()) {
            refresh(record)
            note(peer)
          }
        } else note(peer)
      }
      if (stateByPeer.size > maxPeers) forgetSome('')
      if (dropped.length > 0)
        await store.write(dropped.map((key) => ({ table: 'peers', key, value: undefined }))).catch(() => {})
      return { dropped: dropped.length }
    },

    observe(peer, event) {
      if (stopped || !isPeerIdText(peer)) return
      const state = meet(peer)
      const wasBanned = isBanned(state)
      switch (event.kind) {
        case 'rtt':
          state.rttMs = smoothed(state.rttMs, event.ms)
          break
        case 'ok':
          succeed(state)
          if (event.ms !== undefined) state.rttMs = smoothed(state.rttMs, event.ms)
          break
        case 'transfer':
          succeed(state)
          // Bits per ms equal kbit/s.
          if (event.bytes >= minTransferBytes && event.ms > 0)
            state.kbitPerS = smoothed(state.kbitPerS, (event.bytes * 8) / event.ms)
          break
        case 'failed':
          state.failed += 1
          break
        case 'violation':
          punish(state, event.fault)
          break
      }
      if (event.kind === 'violation')
        log.debug(isBanned(state) ? 'peer banned' : 'peer broke a rule', { peer, fault: event.fault })
      note(peer)
      if (isBanned(state)) void flush()
      if (isBanned(state) && !wasBanned) onBanned(peer)
    },

    scoreOf: (peer) => totalOf(find(peer)),

    get(peer) {
      const state = find(peer)
      return state === undefined ? undefined : toView(peer, state, now())
    },

    ban(peer) {
      if (stopped || !isPeerIdText(peer)) return
      const state = meet(peer)
      const wasBanned = isBanned(state)
      state.bannedUntil = now() + banMs
      log.debug('peer banned by a person', { peer })
      note(peer)
      void flush()
      if (!wasBanned) onBanned(peer)
    },

    unban(peer) {
      const state = find(peer)
      if (stopped || state?.bannedUntil === undefined) return
      state.bannedUntil = undefined
      log.debug('ban ended by a person', { peer })
      note(peer)
      void flush()
    },

    isBanned: (peer) => isBanned(find(peer)),

    rank(peers, options) {
      const candidates: RankedPeer[] = []
      for (const peer of peers) {
        const state = find(peer)
        if (!isBanned(state)) candidates.push({ peer, score: totalOf(state), tried: wasTried(state) })
      }
      return rankPeers(candidates, random, options)
    },

    appScore(peer) {
      const state = find(peer)
      if (state === undefined) return 0
      if (isBanned(state)) return bannedAppScore
      const better = totalOf(state) - unknownScore
      return better >= 0 ? (better / (1 - unknownScore)) * bestAppScore : (better / unknownScore) * -worstAppScore
    },

    list: () =>
      [...stateByPeer]
        .map(([peer, held]) => toView(peer, refresh(held), now()))
        .sort((a, b) => b.score.total - a.score.total || (a.peer < b.peer ? -1 : 1)),

    flush,

    async stop() {
      stopped = true
      await flush()
    },
  }
}

const toView = (peer: string, { at: _, ...state }: PeerState, now: number): PeerReputation => ({
  peer,
  ...state,
  score: scoreOf(state, now),
})

const unmet = {
  ok: 0,
  failed: 0,
  faults: 0,
  rttMs: undefined,
  kbitPerS: undefined,
  lastSuccessAt: undefined,
  bannedUntil: undefined,
}

/** True with an outcome, good or bad, that has not decayed below a tenth; such a peer needs no exploration. */
const wasTried = (state: PeerState | undefined): boolean => state !== undefined && state.ok + state.failed >= 0.1

const latest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b)

/** Exponential moving average; ignores invalid measurements. */
const smoothed = (before: number | undefined, measured: number): number | undefined => {
  if (!Number.isFinite(measured) || measured < 0) return before
  return before === undefined ? measured : before + newest * (measured - before)
}

const toRecord = (peer: string, state: PeerState): PeerRecord => ({
  v: 1,
  peer,
  at: whole(state.at),
  ok: thousandths(state.ok),
  failed: thousandths(state.failed),
  faults: thousandths(state.faults),
  ...(state.rttMs === undefined ? {} : { rtt: whole(state.rttMs * 1_000) }),
  ...(state.kbitPerS === undefined ? {} : { bitPerS: whole(state.kbitPerS * 1_000) }),
  ...(state.lastSuccessAt === undefined ? {} : { lastSuccessAt: whole(state.lastSuccessAt) }),
  ...(state.bannedUntil === undefined ? {} : { bannedUntil: whole(state.bannedUntil) }),
})

const fromRecord = ({ ok, failed, faults, at, rtt, bitPerS, lastSuccessAt, bannedUntil }: PeerRecord): PeerState => ({
  ok: ok / 1_000,
  failed: failed / 1_000,
  faults: faults / 1_000,
  at,
  lastSuccessAt,
  bannedUntil,
  rttMs: rtt === undefined ? undefined : rtt / 1_000,
  kbitPerS: bitPerS === undefined ? undefined : bitPerS / 1_000,
})

const thousandths = (count: number): number => Math.min(maxThousandths, whole(count * 1_000))

/** Rounds to the integer range of a record. */
const whole = (value: number): number => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)))
