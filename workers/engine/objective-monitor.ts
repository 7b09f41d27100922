import type { ObjectiveName, ObjectiveView } from '../contract/telemetry-views.ts'
import type { Update } from '../contract/updates.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import { createObjectiveAlarm } from './objective-alarm.ts'
import { createFigureHistory } from './objective-history.ts'
import {
  type HitCounts,
  histogramOfObjective,
  judgeObjectives,
  type ObjectiveFigures,
  objectiveNames,
} from './objectives.ts'

/** Judges the service level objectives every few seconds and reports each breach once. */
export interface ObjectiveMonitor {
  /** The objectives at this moment. */
  view(): ObjectiveView[]
  /** Judges them now; called by its own timer. */
  check(): void
  stop(): void
}

export interface ObjectiveMonitorDependencies {
  figures: Pick<MeterReader, 'histogram'>
  /** Requests of the cache since the start. */
  cache(): HitCounts
  /** Ms; only differences count. */
  monotonic(): number
  onBreach(breach: Breach): void
}

export interface Breach extends Pick<ObjectiveView, 'name' | 'alert'> {
  value: number
}

/** Interval between two checks (ms): a percentile over an hour moves slower than that. */
const checkMs = 5_000

export const createObjectiveMonitor = (deps: ObjectiveMonitorDependencies): ObjectiveMonitor => {
  const { figures, cache, monotonic, onBreach } = deps
  const history = createFigureHistory<ObjectiveFigures>(monotonic)
  const alarms = new Map(objectiveNames.map((name) => [name, createObjectiveAlarm(monotonic)]))

  const read = (): ObjectiveFigures => ({
    durations: {
      search_p95: figures.histogram(histogramOfObjective.search_p95),
      dht_lookup_p95: figures.histogram(histogramOfObjective.dht_lookup_p95),
      install_p95: figures.histogram(histogramOfObjective.install_p95),
    },
    cache: cache(),
  })

  const check = (): void => {
    const now = read()
    history.add(now)
    for (const { name, state, value, alert } of judgeObjectives(now, history.hourAgo()))
      if (alarms.get(name)?.take(state) === true && value !== undefined) onBreach({ name, value, alert })
  }

  const timer = setInterval(check, checkMs)
  return { view: () => judgeObjectives(read(), history.hourAgo()), check, stop: () => clearInterval(timer) }
}

/** The notice of a breach: a later one of the same objective replaces it. */
export const breachNotice = ({ name, value, alert }: Breach): Update => ({
  kind: 'notice',
  id: breachNoticeId(name),
  level: 'warning',
  name: 'ObjectiveBreached',
  reason: { code: 'objective-breached', objective: name, value, alert },
})

const breachNoticeId = (name: ObjectiveName): string => `objective:${name}`
