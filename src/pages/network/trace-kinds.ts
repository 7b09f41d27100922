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
    (trace) => isOfKind(kind, kindOfTrace(trace.name)) && (!slow || isSlow(trace)) && (!failed || trace.failed),
  )

const isOfKind = (wanted: TraceFilter['kind'], kind: TraceKind): boolean =>
  wanted === 'all' || (wanted === undefined ? kind !== 'background' : wanted === kind)

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

/**
 * The scale of the bars (ms), logarithmic in powers of ten: a search takes 0.1 ms and an install seconds. Whole powers,
 * so that bars keep their lengths while operations arrive.
 */
export interface BarScale {
  readonly lowMs: number
  readonly highMs: number
}

const lowMs = 0.1
const leastHighMs = 1_000
const mostHighMs = 1e9

export const barScaleFor = (longestMs: number): BarScale => {
  const power = 10 ** Math.ceil(Math.log10(Math.max(leastHighMs, longestMs)))
  return { lowMs, highMs: power <= mostHighMs ? power : mostHighMs }
}

/** Length of the bar of a duration, 0 to 1. */
export const barShare = (durationMs: number, scale: BarScale): number => {
  const ms = Math.min(Math.max(durationMs, scale.lowMs), scale.highMs)
  const share = Math.log10(ms / scale.lowMs) / Math.log10(scale.highMs / scale.lowMs)
  return Number.isFinite(share) ? share : 0
}

/** Durations (ms) that the scale is labelled with, at most four. */
export const barTicks = ({ lowMs, highMs }: BarScale): number[] => {
  const powers = Math.round(Math.log10(highMs / lowMs))
  const step = Math.ceil(powers / 4)
  return Array.from({ length: Math.floor((powers - 1) / step) }, (_, at) => lowMs * 10 ** ((at + 1) * step))
}
