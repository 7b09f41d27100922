import { reputationColumn, sampleColumns } from '../contract/sample-columns.ts'
import type { SamplePointName, SamplePoints, SamplesOptions, SamplesView } from '../contract/telemetry-views.ts'
import type { MeterReader, Point } from '../telemetry/in-memory-meter.ts'
import type { HistogramName } from '../telemetry/instruments.ts'
import type { SampleRing } from '../telemetry/sample-ring.ts'
import { createSampler, rowsOf, type StoredRow } from '../telemetry/sampler.ts'
import type { EngineEvents } from './events.ts'
import { createPeerEvents } from './peer-events.ts'
import { leadingPeers } from './reputation-figures.ts'
import { columnKinds, createRowReader, type SampleSources } from './sample-rows.ts'
import { createStoredSamples, maxRowsInHour, type SampleStore } from './stored-samples.ts'

/** Rows of measurements of this engine, with the minutes of earlier ones on this device. */
export interface Samples {
  view(since?: number, options?: SamplesOptions): SamplesView
  /** Writes the minutes up to now. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export interface SamplesDependencies {
  sources: SampleSources & { readonly figures: Pick<MeterReader, 'sum' | 'count' | 'pointsSince'> }
  events: EngineEvents
  store: SampleStore
  /** Wall clock (ms since the epoch). */
  now(): number
  /** Monotonic (ms). */
  monotonic(): number
}

const rowMs = 1_000

/** A row sooner after another than this is left to the next tick (ms): timers that were late fire again at once. */
const minRowMs = 500

/** The histogram of each kind of points. */
const points = {
  dht_lookup: 'dht_lookup_duration',
  search: 'package_search_duration',
  install: 'package_install_duration',
  gossip_propagation: 'gossip_propagation_time',
} as const satisfies Record<SamplePointName, HistogramName>

const pointNames = Object.keys(points) as SamplePointName[]

export const createSamples = ({ sources, events, store, now, monotonic }: SamplesDependencies): Samples => {
  const sampler = createSampler({ kinds: columnKinds, names: leadingPeers })
  const stored = createStoredSamples(store)
  const reader = createRowReader(sources)
  const row = new Float64Array(columnKinds.length)
  const noteConnections = createPeerEvents(events)
  let rowAt = Number.NEGATIVE_INFINITY
  let isStopped = false
  let writing: Promise<void> = Promise.resolve()

  const loaded = stored.load(now()).then((rows) => sampler.restoreMinutes(rows))

  const save = (partial: StoredRow | undefined): Promise<void> => {
    writing = writing
      .then(() => loaded)
      .then(() => {
        const rows = rowsOf(sampler.minutes, columnKinds.length, Math.min(maxRowsInHour, sampler.minutes.length()))
        return stored.save(partial === undefined ? rows : [...rows, partial])
      })
    return writing
  }

  const sample = (): void => {
    const at = monotonic()
    if (at - rowAt < minRowMs) return
    rowAt = at
    noteConnections(sources.network.peers.counts())
    const time = now()
    reader.read(row, time)
    const minute = sampler.minutes.timeOf(0)
    sampler.add(time, row, reader.scores())
    // The minute in progress belongs to the next write, maybe of the next hour.
    if (sampler.minutes.timeOf(0) !== minute) void save(undefined)
  }

  const timer = setInterval(sample, rowMs)

  return {
    view(since, { step = 'second' } = {}) {
      const ring = step === 'second' ? sampler.seconds : sampler.minutes
      // A caller whose last time is ahead of all rows has it from a clock that was set back since.
      const isAhead = since !== undefined && since > (ring.timeOf(0) ?? Number.POSITIVE_INFINITY)
      const from = since === undefined || isAhead ? Number.NEGATIVE_INFINITY : since
      const happened = events.since(from)
      const measured = pointNames.map((name) => [name, sources.figures.pointsSince(points[name], from)] as const)
      return toView(ring, from, measured, happened)
    },
    flush: () => save(sampler.partialMinute()),
    async stop() {
      if (isStopped) return
      isStopped = true
      clearInterval(timer)
      sample()
      await save(sampler.partialMinute())
    },
  }
}

/** All columns in one buffer, which is transferred as a whole. */
const toView = (
  ring: SampleRing,
  since: number,
  measured: readonly (readonly [name: SamplePointName, points: readonly Point[]])[],
  events: SamplesView['events'],
): SamplesView => {
  const count = ring.countAfter(since)
  const names = ring.names()
  const pointCount = measured.reduce((sum, [, each]) => sum + each.length, 0)
  const buffer = new Float64Array(count * (1 + sampleColumns.length + names.length) + 2 * pointCount)
  let used = 0
  const take = (length: number): Float64Array => {
    const part = buffer.subarray(used, used + length)
    used += length
    return part
  }
  const column = (copy: (into: Float64Array) => void): Float64Array => {
    const into = take(count)
    copy(into)
    return into
  }
  const times = column((into) => ring.copyTimes(into, count))
  const columns = {
    ...Object.fromEntries(
      sampleColumns.map((name, at) => [name, column((into) => ring.copyColumn(at, into, count))] as const),
    ),
    ...Object.fromEntries(
      names.map((peer) => [reputationColumn(peer), column((into) => ring.copyNamed(peer, into, count))] as const),
    ),
  }
  const toPoints = (given: readonly Point[]): SamplePoints => {
    const [at, values] = [take(given.length), take(given.length)]
    for (const [index, { time, value }] of given.entries()) {
      at[index] = time
      values[index] = value
    }
    return { times: at, values }
  }
  const points = Object.fromEntries(measured.map(([name, given]) => [name, toPoints(given)]))
  return { times, columns, points: points as SamplesView['points'], events }
}
