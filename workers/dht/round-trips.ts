/**
 * Recent response times of DHT peers. They determine when a request is slow, when it is abandoned, and how long a lookup
 * waits for a newer answer after its first. Connected peers and peers dialled first are measured separately. Uses the
 * median, which a third of slow peers does not distort.
 */
export interface RoundTrips {
  record(connected: boolean, ms: number): void
  /** Median round trip to a connected peer (ms). */
  typicalMs(): number
  /** Time after which a request is slow and others may start (ms). */
  slowMs(connected: boolean): number
  /** Time after which a peer is assumed not to answer (ms). */
  lostMs(connected: boolean): number
}

/** Defaults before the first measurement (ms): a round trip within a continent, and a WebRTC dial over a relay. */
const assumedMs = { connected: 60, dialled: 300 }

/** Number of latest measurements used: those of a few lookups. */
const maxMeasured = 31

/**
 * Slow: this factor of the median, within bounds (ms). The lower bound allows for a busy machine, the upper for a person
 * waiting.
 */
const slowFactor = 2
const leastSlowMs = 60
const mostSlowMs = 1_000

/** Lost: this factor of slow, within bounds (ms); a lost packet is retransmitted after 200 ms or more. */
const lostFactor = 8
const leastLostMs = { connected: 500, dialled: 1_500 }
const mostLostMs = { connected: 2_500, dialled: 4_000 }

export const createRoundTrips = (): RoundTrips => {
  const measured: Record<'connected' | 'dialled', number[]> = { connected: [], dialled: [] }
  const kindOf = (connected: boolean): 'connected' | 'dialled' => (connected ? 'connected' : 'dialled')
  const median = (kind: 'connected' | 'dialled'): number => {
    const sorted = measured[kind].toSorted((a, b) => a - b)
    return sorted[sorted.length >> 1] ?? assumedMs[kind]
  }
  const slowMs = (connected: boolean): number => clamp(leastSlowMs, slowFactor * median(kindOf(connected)), mostSlowMs)

  return {
    record(connected, ms) {
      const latest = measured[kindOf(connected)]
      latest.push(ms)
      if (latest.length > maxMeasured) latest.shift()
    },
    typicalMs: () => median('connected'),
    slowMs,
    lostMs(connected) {
      const kind = kindOf(connected)
      return clamp(leastLostMs[kind], lostFactor * slowMs(connected), mostLostMs[kind])
    },
  }
}

const clamp = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))
