import type { PeerView } from './views.ts'

/**
 * What the engine tells about its own work: samples, percentiles, traces, objectives, reputation. Times are
 * milliseconds since the epoch; names that end in `Ms` and columns of durations are milliseconds.
 */

/** Rows of measurements as columns, oldest first: transferred, and ready for a chart. */
export interface SamplesView {
  /** Time of each row, ascending. */
  times: Float64Array
  /** A value for each row; NaN where there was nothing to measure. Names: `sample-columns.ts`. */
  columns: Record<string, Float64Array>
  /** Single measurements since `since`, at most the last 2,000 of each name. */
  points: Record<SamplePointName, SamplePoints>
  /** What happened in that time, at most 200 (`recent-events.ts`). */
  events: SampleEvent[]
}

export interface SamplePoints {
  times: Float64Array
  values: Float64Array
}

export type SamplePointName = 'dht_lookup' | 'search' | 'install' | 'gossip_propagation'

export type SampleEventKind =
  | 'relay-connected'
  | 'relay-lost'
  | 'peer-joined'
  | 'peer-left'
  | 'peer-banned'
  | 'published'
  | 'installed'
  | 'objective-breached'

export interface SampleEvent {
  time: number
  kind: SampleEventKind
  /** A peer id, package id or objective. */
  subject: string
}

export interface SamplesOptions {
  /** `second`: a row a second, for an hour; `minute`: a row a minute, for a day, also from before a reload. */
  step?: 'second' | 'minute'
}

/** Of a duration (ms) since the engine started, from an exponential histogram: each within 3 % of the exact value. */
export interface PercentileView {
  count: number
  p50: number
  p95: number
  p99: number
}

export interface SpanView {
  spanId: string
  /** Absent for the first span of the trace. */
  parentId?: string
  name: string
  /** After the start of the trace. */
  startMs: number
  durationMs: number
  attributes: Record<string, string | number | boolean>
  failed: boolean
}

/** A finished operation with all its spans, in order of their start. */
export interface TraceView {
  traceId: string
  /** Its operation: the command, or the work that the engine began by itself. */
  name: string
  startedAt: number
  durationMs: number
  failed: boolean
  spans: SpanView[]
}

export interface TracesOptions {
  /** Only the trace with this id. */
  id?: string
  /** Only traces that ended after this time. */
  since?: number
}

export type ObjectiveName = 'search_p95' | 'dht_lookup_p95' | 'cache_hit_rate' | 'install_p95'

/** `at risk`: beyond the target; `breached`: beyond the alert value; `no data`: too few requests for a judgement. */
export type ObjectiveState = 'ok' | 'at risk' | 'breached' | 'no data'

/** A service level objective over the last hour. */
export interface ObjectiveView {
  name: ObjectiveName
  unit: 'ms' | 'ratio'
  target: number
  alert: number
  /** Absent without requests; of too few it is shown but not judged. */
  value?: number
  state: ObjectiveState
  /** Requests measured. */
  count: number
  /**
   * Share of requests beyond the target in relation to the share that the objective allows: above 1 it will be missed.
   * Absent with `no data`.
   */
  burnRate?: number
  /** The same since the engine started. */
  sinceStart: { value?: number; state: ObjectiveState; count: number }
}

/** First-hand experience with a peer, best first. Parts are in [0, 1], before their weights (docs/protocol.md §10). */
export interface ReputationView {
  peer: string
  score: number
  parts: { success: number; speed: number; bandwidth: number; recency: number }
  /** Violations, decayed with age. */
  faults: number
  bannedUntil?: number
}

export interface TelemetryOptions {
  /** Sends traces and metrics to the collector of the page's server. */
  export: boolean
  /** Share of traces to send, 0 to 1; unchanged if absent. */
  ratio?: number
}

export interface TelemetryView {
  export: boolean
  ratio: number
  /** `absent`: the page's server forwards nothing; `failing`: the last export failed. */
  collector: 'unknown' | 'available' | 'absent' | 'failing'
}

/** A connected peer in detail. */
export interface PeerDetailView extends PeerView {
  /** Multiaddrs from identify. */
  addresses: string[]
  protocols: string[]
  /** Open streams by protocol. */
  streams: { protocol: string; count: number }[]
  reputation?: ReputationView
  /** Score and round trip in the last hour, one row every 10 s. */
  history: { times: Float64Array; scores: Float64Array; rttMs: Float64Array }
}

export interface PingView {
  /** Round trip of each ping (ms); undefined for a lost one. */
  roundTripsMs: (number | undefined)[]
  minMs?: number
  medianMs?: number
  maxMs?: number
}
