import type { SampleEvent, SampleEventKind } from '../contract/telemetry-views.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What happened lately, for the charts: the last 200 events, and a counter of each kind (`events_total`). */
export interface EngineEvents {
  /** @param subject A peer id, package id or objective. */
  emit(kind: SampleEventKind, subject: string): void
  /** Events after `time` (ms since the epoch) up to now, oldest first; so none from before the clock was set back. */
  since(time: number): SampleEvent[]
}

export interface EngineEventsDependencies {
  telemetry: Pick<Telemetry, 'meter'>
  /** Ms since the epoch. */
  now(): number
}

const maxEvents = 200

/** Longer subjects are cut; no id is. */
const maxSubjectCharacters = 200

export const createEngineEvents = ({ telemetry, now }: EngineEventsDependencies): EngineEvents => {
  const counter = telemetry.meter.createCounter('events_total')
  const events: SampleEvent[] = []
  return {
    emit(kind, subject) {
      counter.add(1, { kind })
      events.push({ time: now(), kind, subject: subject.slice(0, maxSubjectCharacters) })
      if (events.length > maxEvents) events.shift()
    },
    since(time) {
      const until = now()
      return events.filter((event) => event.time > time && event.time <= until)
    },
  }
}
