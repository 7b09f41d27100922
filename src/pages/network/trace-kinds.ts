import { commandNames } from '../../../workers/contract/command-table.ts'
import { objectiveLimits } from '../../../workers/contract/objective-limits.ts'
import type { TraceView } from '../../../workers/contract/telemetry-views.ts'
import type { TraceFilter, TraceKind } from '../../routes.ts'

/** What kind of operation a trace is of, and which traces a filter lets through. */

const kindByName: Readonly<Record<string, TraceKind>> = {
  search: 'search',
  lookup: 'lookup',
  install: 'install',
  publish: 'publish',
  publishDraft: 'publish',
}

const commands: ReadonlySet<string> = new Set(commandNames)

export const kindOfTrace = (name: string): TraceKind =>
  Object.hasOwn(kindByName, name) ? (kindByName[name] ?? 'command') : commands.has(name) ? 'command' : 'background'

/** Duration from which an operation counts as slow (ms): the target of its objective, otherwise what a person notices. */
const slowMs: Readonly<Record<TraceKind, number>> = {
  search: objectiveLimits.search_p95.target,
  lookup: objectiveLimits.dht_lookup_p95.target,
  install: objectiveLimits.install_p95.target,
  publish: 1_000,
  command: 1_000,
  background: 5_000,
}

export const isSlow = ({ name, durationMs }: Pick<TraceView, 'name' | 'durationMs'>): boolean =>
  durationMs > slowMs[kindOfTrace(name)]

export const filterTraces = (
  traces: readonly TraceView[],
  { kind, slow = false, failed = false }: TraceFilter,
): readonly TraceView[] =>
  traces.filter(
    (trace) =>
      (kind === undefined || kindOfTrace(trace.name) === kind) && (!slow || isSlow(trace)) && (!failed || trace.failed),
  )

/** Traces that the list keeps, as many as the engine. */
export const maxTraces = 500

/**
 * Adds loaded traces, newest first, that are not known yet. Returns `known` itself if there are none. A trace never
 * changes after its first appearance.
 */
export const joinTraces = (known: readonly TraceView[], loaded: readonly TraceView[]): readonly TraceView[] => {
  const ids = new Set(known.map(({ traceId }) => traceId))
  const added = loaded.filter(({ traceId }) => !ids.has(traceId))
  return added.length === 0 ? known : [...added, ...known].slice(0, maxTraces)
}

/** A trace appears up to 30 s after its operation has ended, when its last step ends (ms). */
const lateMs = 35_000

/**
 * The time (ms since the epoch) after which traces that are not in `known` have ended; undefined to ask for all. Not
 * after `now`, because the system clock may have been set back.
 */
export const timeToAskFrom = (known: readonly TraceView[], now: number): number | undefined => {
  const ends = known.map(({ startedAt, durationMs }) => startedAt + durationMs).filter(Number.isFinite)
  return ends.length === 0 ? undefined : Math.min(now, Math.max(...ends)) - lateMs
}

/** Length of the bar of a duration, 0 to 1, on a logarithmic scale from 0.1 ms to the longest. */
export const barShare = (durationMs: number, longestMs: number): number => {
  const log = (ms: number): number => Math.log10(1 + Math.max(0, ms) * 10)
  const whole = log(longestMs)
  return whole > 0 ? Math.min(1, log(durationMs) / whole) : 0
}
