/**
 * How long an answer takes, as this node has seen it lately: what makes a question slow, when it is given up, and how
 * long a lookup waits for a newer answer after its first. Round trips to connected peers, and answers of peers that
 * were dialled first, are taken apart. The median counts: a third of the peers may be slow, and what is usual is not.
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

/** Before anything was measured, ms: a round trip within a continent, and a dial by WebRTC over a relay. */
const assumedMs = { connected: 60, dialled: 300 }

/** As many of the last measurements count: those of a few lookups. */
const maxMeasured = 31

/** So many times the median is slow, within bounds, ms: a busy machine takes the lower one, a person waits for the upper. */
const slowFactor = 2
const leastSlowMs = 60
const mostSlowMs = 1_000

/** So many times what is slow is lost, within bounds, ms: a lost message is sent again after 200 ms and more. */
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
