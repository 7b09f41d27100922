/**
 * How long an answer takes, as this node has seen it lately: what makes a question slow, and how long a lookup waits
 * for a newer answer after its first. Round trips to connected peers, and answers of peers that were dialled first,
 * are averaged apart.
 */
export interface RoundTrips {
  record(connected: boolean, ms: number): void
  /** One round trip to a connected peer, ms. */
  typicalMs(): number
  /** An answer that takes longer is slow, ms. */
  slowMs(connected: boolean): number
}

/** Before anything was measured, ms: a round trip across a continent, and a dial by WebRTC over a relay. */
const assumedMs = { connected: 100, dialled: 500 }

/** Bounds of a slow answer, ms: scheduling on a busy machine takes the lower one; a person waits for the upper one. */
const leastSlowMs = 60
const mostSlowMs = 1_000

/** Weight of a new measurement, as in TCP's smoothed round trip time (RFC 6298). */
const weight = 1 / 8

/** So many times the average is slow: TCP's retransmission comes as late on a steady line. */
const slowFactor = 2.5

export const createRoundTrips = (): RoundTrips => {
  const average = { ...assumedMs }
  return {
    record(connected, ms) {
      const kind = connected ? 'connected' : 'dialled'
      average[kind] += weight * (Math.min(ms, 2 * mostSlowMs) - average[kind])
    },
    typicalMs: () => average.connected,
    slowMs: (connected) =>
      Math.min(mostSlowMs, Math.max(leastSlowMs, slowFactor * average[connected ? 'connected' : 'dialled'])),
  }
}
