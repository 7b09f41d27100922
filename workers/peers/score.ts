/** The parts of a peer's reputation and their sum (docs/protocol.md §10). Pure. */

/** What is known of a peer, first-hand. */
export interface Experience {
  /** Outcomes, faded with age. */
  ok: number
  failed: number
  /** Smoothed round trip, ms; undefined while unknown. */
  rttMs: number | undefined
  /** Smoothed throughput, kbit/s; undefined while unknown. */
  kbitPerS: number | undefined
  /** Ms since the epoch; undefined while there was none. */
  lastSuccessAt: number | undefined
}

/** Each part is in [0, 1]. */
export interface Score {
  total: number
  success: number
  speed: number
  bandwidth: number
  recency: number
}

/** A round trip that is not known is taken for a slow one, ms. */
const unknownRttMs = 1_000

/** The round trip at which a peer is half as good as one without any, ms. */
const halfSpeedMs = 100

/** More than this makes no difference, kbit/s. */
const fullBandwidth = 10_000

const hourMs = 3_600_000

export const scoreOf = (experience: Experience, now: number): Score => {
  const { ok, failed, rttMs = unknownRttMs, kbitPerS = 0, lastSuccessAt } = experience
  const success = (ok + 1) / (ok + failed + 2)
  const speed = 1 / (1 + rttMs / halfSpeedMs)
  const bandwidth = Math.min(1, kbitPerS / fullBandwidth)
  const recency = lastSuccessAt === undefined ? 0 : 1 / (1 + Math.max(0, now - lastSuccessAt) / hourMs)
  return { total: 0.4 * success + 0.3 * speed + 0.2 * bandwidth + 0.1 * recency, success, speed, bandwidth, recency }
}

/** The total of a peer that nothing is known of. */
export const unknownScore = scoreOf(
  { ok: 0, failed: 0, rttMs: undefined, kbitPerS: undefined, lastSuccessAt: undefined },
  0,
).total
