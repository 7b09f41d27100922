import type { Store } from '../store/store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type RankedPeer, type RankOptions, rankPeers } from './ranking.ts'
import { isPeerIdText, maxThousandths, type PeerRecord, peerRecordCodec } from './record.ts'
import { type Experience, type Score, scoreOf, unknownScore } from './score.ts'

/**
 * How good other peers were to this one: first-hand, kept across restarts, fading with age, of a bounded number of
 * peers. A peer that sends a wrong hash or signature is banned for an hour (docs/protocol.md §10).
 *
 * A clock that is set back does not lengthen a ban beyond an hour from then, nor makes anything newer than now; one
 * that is set forward ends bans as the time itself would have. Nothing rejects for what is stored: records that do not
 * decode are removed. Not guaranteed: that a peer is who it was, ids are free; that the last seconds survive a crash,
 * except bans, which are written at once.
 */
export interface Reputation {
  /** Takes in what is stored. What was observed before is kept. */
  load(): Promise<{ dropped: number }>
  observe(peer: string, event: PeerEvent): void
  /** In [0, 1]; that of an unknown peer for one that was never met. */
  scoreOf(peer: string): number
  isBanned(peer: string): boolean
  /** The peers that are not banned, best first. */
  rank(peers: readonly string[], options?: RankOptions): string[]
  /**
   * For gossipsub's `appSpecificScore`: 0 for an unknown peer, up to 25 for a good one (above 20 is preferred in the
   * mesh), down to −8 for one that always fails (below −10 it would get no gossip), −1,000 while banned.
   */
  appScore(peer: string): number
  /** Best first. */
  list(): PeerReputation[]
  /** Writes what changed; resolves when it was tried once. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export type PeerEvent =
  | { kind: 'rtt'; ms: number }
  /** A request was answered as it should be, by this many bytes in this time. */
  | { kind: 'transfer'; bytes: number; ms: number }
  | { kind: 'ok'; ms?: number }
  /** It did not answer, too late, or not what it was asked for. */
  | { kind: 'failed' }
  /**
   * It broke the rules. `hash` and `signature` ban at once; the others, which an old version or a race can cause, after
   * three that are not yet faded.
   */
  | { kind: 'violation'; fault: 'hash' | 'signature' | 'malformed' | 'flood' }

export interface PeerReputation extends Experience {
  peer: string
  score: Score
  /** Violations, faded with age. */
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
}

/** Length of a ban (ms; docs/protocol.md §10). */
const banMs = 3_600_000

/** An outcome counts half after a day: a peer that was bad yesterday may have another network today. */
const halfLifeMs = 86_400_000

/** Peers remembered, about 200 bytes each in memory and as much in the store. */
const defaultPeers = 2_000

/** Share of the peers that is forgotten at once when there are too many: sorting them costs a millisecond. */
const forgetShare = 0.1

/** A peer that was not met for this long is forgotten at the next start, ms: its outcomes have faded to a 1,000th. */
const staleMs = 10 * halfLifeMs

/** Weight of the newest measurement: about the last five count. */
const newest = 0.3

/** Smaller transfers tell the round trip rather than the throughput, bytes. */
const minTransferBytes = 16_384

/** A fault that does not ban weighs as much as this many failures. */
const faultFailures = 5

/** Faults, faded, after which a peer is banned. */
const faultsUntilBan = 2.5

/** What changed is written this long after, together with the rest, ms: reputation is no loss for a few seconds. */
const writeDelayMs = 5_000

/** The table is shared with what else is known of peers. */
const prefix = 'reputation/'

const bannedAppScore = -1_000
const bestAppScore = 25
const worstAppScore = -8

interface Known extends Experience {
  faults: number
  /** As of when the outcomes and faults are faded. */
  at: number
  bannedUntil: number | undefined
}

export const createReputation = (deps: ReputationDependencies): Reputation => {
  const { store, now, random, telemetry = noTelemetry } = deps
  const log = telemetry.logger('peers')
  const maxPeers = deps.limits?.peers ?? defaultPeers
  const knownByPeer = new Map<string, Known>()
  const changed = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> = Promise.resolve()
  let stopped = false

  /** Brings what is known to the present: outcomes fade, and stamps of a clock that was ahead are pulled back. */
  const refresh = (known: Known): Known => {
    const time = now()
    const elapsed = time - known.at
    if (elapsed > 0) {
      const left = 2 ** (-elapsed / halfLifeMs)
      known.ok *= left
      known.failed *= left
      known.faults *= left
    }
    known.at = time
    if (known.lastSuccessAt !== undefined) known.lastSuccessAt = Math.min(known.lastSuccessAt, time)
    if (known.bannedUntil !== undefined) {
      known.bannedUntil = Math.min(known.bannedUntil, time + banMs)
      if (known.bannedUntil <= time) known.bannedUntil = undefined
    }
    return known
  }

  const find = (peer: string): Known | undefined => {
    const known = knownByPeer.get(peer)
    return known === undefined ? undefined : refresh(known)
  }

  const meet = (peer: string): Known => {
    const known = find(peer)
    if (known !== undefined) return known
    const fresh: Known = { ...unmet, at: now() }
    knownByPeer.set(peer, fresh)
    if (knownByPeer.size > maxPeers) forgetSome(peer)
    return fresh
  }

  /** Those that say least go: not banned, few good outcomes, met longest ago. Strangers cannot push out old friends. */
  const forgetSome = (newcomer: string): void => {
    const peers = [...knownByPeer]
      .filter(([peer]) => peer !== newcomer)
      .map(([peer, known]) => ({ peer, ...refresh(known) }))
    peers.sort(
      (a, b) =>
        (a.bannedUntil ?? 0) - (b.bannedUntil ?? 0) ||
        a.ok - b.ok ||
        (a.lastSuccessAt ?? 0) - (b.lastSuccessAt ?? 0) ||
        a.failed - b.failed,
    )
    for (const { peer } of peers.slice(0, Math.max(1, Math.floor(maxPeers * forgetShare)))) {
      knownByPeer.delete(peer)
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
          const known = knownByPeer.get(peer)
          const value = known === undefined ? undefined : peerRecordCodec.encode(toRecord(peer, known))
          return value === undefined
            ? { table: 'peers', key: prefix + peer, value: undefined }
            : { table: 'peers', key: prefix + peer, value }
        }),
      )
    } catch {
      // Memory has it; it is tried again with the next change, and at the end.
      for (const peer of peers) changed.add(peer)
    }
  }

  const succeed = (known: Known): void => {
    known.ok += 1
    known.lastSuccessAt = now()
  }

  const punish = (known: Known, fault: Extract<PeerEvent, { kind: 'violation' }>['fault']): void => {
    known.faults += 1
    known.failed += faultFailures
    if (fault !== 'hash' && fault !== 'signature' && known.faults < faultsUntilBan) return
    known.bannedUntil = now() + banMs
  }

  const isBanned = (known: Known | undefined): boolean => known?.bannedUntil !== undefined

  const totalOf = (known: Known | undefined): number =>
    known === undefined ? unknownScore : scoreOf(known, now()).total

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
        const met = knownByPeer.get(peer)
        // Met before this was read, as at a fast start: only the ban is taken over.
        if (met !== undefined) met.bannedUntil = latest(met.bannedUntil, record.bannedUntil)
        else if (stale) note(peer)
        else if (knownByPeer.size < maxPeers || record.bannedUntil !== undefined) {
          knownByPeer.set(peer, record)
          // Stamps of a clock that was ahead are pulled back on the disk too: else each start would begin a ban anew.
          if (record.at > now()) {
            refresh(record)
            note(peer)
          }
        } else note(peer)
      }
      if (knownByPeer.size > maxPeers) forgetSome('')
      if (dropped.length > 0)
        await store.write(dropped.map((key) => ({ table: 'peers', key, value: undefined }))).catch(() => {})
      return { dropped: dropped.length }
    },

    observe(peer, event) {
      if (stopped || !isPeerIdText(peer)) return
      const known = meet(peer)
      switch (event.kind) {
        case 'rtt':
          known.rttMs = smoothed(known.rttMs, event.ms)
          break
        case 'ok':
          succeed(known)
          if (event.ms !== undefined) known.rttMs = smoothed(known.rttMs, event.ms)
          break
        case 'transfer':
          succeed(known)
          // 8 bits a byte, and bits per ms are kbit per s.
          if (event.bytes >= minTransferBytes && event.ms > 0)
            known.kbitPerS = smoothed(known.kbitPerS, (event.bytes * 8) / event.ms)
          break
        case 'failed':
          known.failed += 1
          break
        case 'violation':
          punish(known, event.fault)
          break
      }
      if (event.kind === 'violation')
        log.debug(isBanned(known) ? 'peer banned' : 'peer broke a rule', { peer, fault: event.fault })
      note(peer)
      if (isBanned(known)) void flush()
    },

    scoreOf: (peer) => totalOf(find(peer)),
    isBanned: (peer) => isBanned(find(peer)),

    rank(peers, options) {
      const candidates: RankedPeer[] = []
      for (const peer of peers) {
        const known = find(peer)
        if (!isBanned(known)) candidates.push({ peer, score: totalOf(known), known: wasTried(known) })
      }
      return rankPeers(candidates, random, options)
    },

    appScore(peer) {
      const known = find(peer)
      if (known === undefined) return 0
      if (isBanned(known)) return bannedAppScore
      const better = totalOf(known) - unknownScore
      return better >= 0 ? (better / (1 - unknownScore)) * bestAppScore : (better / unknownScore) * -worstAppScore
    },

    list: () =>
      [...knownByPeer]
        .map(([peer, held]) => {
          const { at: _, ...known } = refresh(held)
          return { peer, ...known, score: scoreOf(known, now()) }
        })
        .sort((a, b) => b.score.total - a.score.total || (a.peer < b.peer ? -1 : 1)),

    flush,

    async stop() {
      stopped = true
      await flush()
    },
  }
}

const unmet = {
  ok: 0,
  failed: 0,
  faults: 0,
  rttMs: undefined,
  kbitPerS: undefined,
  lastSuccessAt: undefined,
  bannedUntil: undefined,
}

/** An outcome that has not faded to a tenth, good or bad: such a peer needs no exploring. */
const wasTried = (known: Known | undefined): boolean => known !== undefined && known.ok + known.failed >= 0.1

const latest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b)

/** What is no measurement changes nothing. */
const smoothed = (before: number | undefined, measured: number): number | undefined => {
  if (!Number.isFinite(measured) || measured < 0) return before
  return before === undefined ? measured : before + newest * (measured - before)
}

const toRecord = (peer: string, known: Known): PeerRecord => ({
  v: 1,
  peer,
  at: whole(known.at),
  ok: thousandths(known.ok),
  failed: thousandths(known.failed),
  faults: thousandths(known.faults),
  ...(known.rttMs === undefined ? {} : { rtt: whole(known.rttMs * 1_000) }),
  ...(known.kbitPerS === undefined ? {} : { bitPerS: whole(known.kbitPerS * 1_000) }),
  ...(known.lastSuccessAt === undefined ? {} : { lastSuccessAt: whole(known.lastSuccessAt) }),
  ...(known.bannedUntil === undefined ? {} : { bannedUntil: whole(known.bannedUntil) }),
})

const fromRecord = ({ ok, failed, faults, at, rtt, bitPerS, lastSuccessAt, bannedUntil }: PeerRecord): Known => ({
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

/** Within what a record takes. */
const whole = (value: number): number => Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(value)))
