/** The parts of a peer's reputation and their sum (docs/protocol.md §10). Pure. */

/** First-hand experience with a peer. */
export interface Experience {
  /** Outcomes, decayed with age. */
  ok: number
  failed: number
  /** Smoothed round trip (ms); undefined while unknown. */
  rttMs: number | undefined
  /** Smoothed throughput (kbit/s); undefined while unknown. */
  kbitPerS: number | undefined
  /** Time of the last success (ms since the epoch); undefined without one. */
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

/** Assumed round trip of an unmeasured peer (ms): a slow one. */
const unknownRttMs = 1_000

/** Round trip with half of the maximum speed score (ms). */
const halfSpeedMs = 100

/** Throughput with the maximum bandwidth score (kbit/s). */
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

/** The total of a peer without experience. */
export const unknownScore = scoreOf(
  { ok: 0, failed: 0, rttMs: undefined, kbitPerS: undefined, lastSuccessAt: undefined },
  0,
).total
