/**
 * How long an answer takes, as this node has seen it lately: what makes a question slow, when it is given up, and how
 * long a lookup waits for a newer answer after its first. Round trips to connected peers, and answers of peers that
 * were dialled first, are taken apart. The mean and the deviation are smoothed as TCP's are (RFC 6298 §2).
 */
export interface RoundTrips {
  record(connected: boolean, ms: number): void
  /** One round trip to a connected peer, ms. */
  typicalMs(): number
  /** An answer that takes longer is slow, ms: others are asked meanwhile. */
  slowMs(connected: boolean): number
  /** A peer that has not answered after this long does not, ms. */
  lostMs(connected: boolean): number
}

interface Smoothed {
  mean: number
  deviation: number
  measured: boolean
}

/** Before anything was measured, ms: a round trip across a continent, and a dial by WebRTC over a relay. */
const assumed = (): { connected: Smoothed; dialled: Smoothed } => ({
  connected: { mean: 100, deviation: 25, measured: false },
  dialled: { mean: 500, deviation: 125, measured: false },
})

/** Bounds of a slow answer, ms: scheduling on a busy machine takes the lower one; a person waits for the upper one. */
const leastSlowMs = 60
const mostSlowMs = 1_000

/** So many times what is slow is lost, within bounds, ms: a lost message is sent again after 200 ms and more. */
const lostFactor = 8
const leastLostMs = { connected: 500, dialled: 1_500 }
const mostLostMs = { connected: 2_500, dialled: 4_000 }

/** Weights of a new measurement, and of the deviation in what is slow (RFC 6298 §2). */
const meanWeight = 1 / 8
const deviationWeight = 1 / 4
const deviations = 4

export const createRoundTrips = (): RoundTrips => {
  const byKind = assumed()
  const kindOf = (connected: boolean): 'connected' | 'dialled' => (connected ? 'connected' : 'dialled')
  const slowMs = (connected: boolean): number => {
    const { mean, deviation } = byKind[kindOf(connected)]
    return clamp(leastSlowMs, mean + deviations * deviation, mostSlowMs)
  }

  return {
    record(connected, measuredMs) {
      const ms = Math.min(measuredMs, 2 * mostSlowMs)
      const { mean, deviation, measured } = byKind[kindOf(connected)]
      byKind[kindOf(connected)] = measured
        ? {
            mean: mean + meanWeight * (ms - mean),
            deviation: deviation + deviationWeight * (Math.abs(ms - mean) - deviation),
            measured,
          }
        : { mean: ms, deviation: ms / 2, measured: true }
    },
    typicalMs: () => byKind.connected.mean,
    slowMs,
    lostMs: (connected) =>
      clamp(leastLostMs[kindOf(connected)], lostFactor * slowMs(connected), mostLostMs[kindOf(connected)]),
  }
}

const clamp = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))
