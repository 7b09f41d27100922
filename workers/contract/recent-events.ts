import type { SampleEvent, SampleEventKind } from './telemetry-views.ts'

/** Events that are kept, in the engine and on the page. */
export const maxRecentEvents = 200

/**
 * At most `maxRecentEvents` of these, in their order. Where there are more, the oldest of the most frequent kind give way:
 * peers that come and go must not push out what a person did.
 */
export const recentEvents = (events: readonly SampleEvent[]): readonly SampleEvent[] => {
  const surplus = events.length - maxRecentEvents
  if (surplus <= 0) return events
  const kept = new Map<SampleEventKind, number>()
  for (const { kind } of events) kept.set(kind, (kept.get(kind) ?? 0) + 1)
  const dropped = new Map<SampleEventKind, number>()
  for (let count = 0; count < surplus; count += 1) {
    const [kind, most] = [...kept].reduce((best, each) => (each[1] > best[1] ? each : best))
    kept.set(kind, most - 1)
    dropped.set(kind, (dropped.get(kind) ?? 0) + 1)
  }
  return events.filter(({ kind }) => {
    const left = dropped.get(kind) ?? 0
    if (left > 0) dropped.set(kind, left - 1)
    return left === 0
  })
}
