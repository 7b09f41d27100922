import type { PingView } from './telemetry-views.ts'

/** Summarises round trips (ms, undefined for a lost ping); the median of an even number is the mean of the middle two. */
export const toPingView = (roundTripsMs: readonly (number | undefined)[]): PingView => {
  const answered = roundTripsMs.filter((each) => each !== undefined).sort((a, b) => a - b)
  const [minMs] = answered
  const maxMs = answered.at(-1)
  if (minMs === undefined || maxMs === undefined) return { roundTripsMs: [...roundTripsMs] }
  const upper = answered[answered.length >> 1] ?? maxMs
  const lower = answered[(answered.length - 1) >> 1] ?? minMs
  return { roundTripsMs: [...roundTripsMs], minMs, medianMs: (lower + upper) / 2, maxMs }
}
