import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Figure, Figures } from './figures.ts'

type ProcessFigure<Part extends string> =
  | `ggen_${Part}_build_info`
  | `ggen_${Part}_start_time_seconds`
  | `ggen_${Part}_memory_bytes`
  | `ggen_${Part}_event_loop_lag_seconds`

/** Metrics that each process has, named after its part so that both fit into one text. */
export const processFigures = <Part extends string>(part: Part): Readonly<Record<ProcessFigure<Part>, Figure>> =>
  ({
    [`ggen_${part}_build_info`]: {
      kind: 'gauge',
      unit: '1',
      description: 'Always 1; its labels are the versions of the program and of Node',
      labels: ['version', 'node'],
    },
    [`ggen_${part}_start_time_seconds`]: {
      kind: 'gauge',
      unit: 's',
      description: 'Start of the process since the epoch',
      labels: [],
    },
    [`ggen_${part}_memory_bytes`]: {
      kind: 'gauge',
      unit: 'By',
      description: 'Memory, by kind (rss, heap_used, heap_total, external)',
      labels: ['kind'],
    },
    [`ggen_${part}_event_loop_lag_seconds`]: {
      kind: 'gauge',
      unit: 's',
      description: 'Delay of timers in the last ten seconds, by statistic (p50, p99, max)',
      labels: ['statistic'],
    },
  }) as unknown as Readonly<Record<ProcessFigure<Part>, Figure>>

/** Interval of the figures of the event loop, and the precision of its measurement (ms). */
const lagIntervalMs = 10_000
const lagResolutionMs = 20

/** Observes this process. Returns a function that stops it. */
export const observeProcess = <Part extends string>(
  part: Part,
  figures: Pick<Figures<ProcessFigure<Part>>, 'observe'>,
): (() => void) => {
  const startedAt = (Date.now() - process.uptime() * 1_000) / 1_000
  const version = readVersion()
  const lag = monitorEventLoopDelay({ resolution: lagResolutionMs })
  let lags = { p50: 0, p99: 0, max: 0 }
  lag.enable()
  // Both readers of the figures get the same ones, however often they read.
  const timer = setInterval(() => {
    lags = { p50: delayOf(lag.percentile(50)), p99: delayOf(lag.percentile(99)), max: delayOf(lag.max) }
    lag.reset()
  }, lagIntervalMs)
  timer.unref()

  figures.observe(`ggen_${part}_build_info`, () => [{ value: 1, attributes: { version, node: process.version } }])
  figures.observe(`ggen_${part}_start_time_seconds`, () => startedAt)
  figures.observe(`ggen_${part}_memory_bytes`, () => {
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
    return Object.entries({ rss, heap_used: heapUsed, heap_total: heapTotal, external }).map(([kind, value]) => ({
      value,
      attributes: { kind },
    }))
  })
  figures.observe(`ggen_${part}_event_loop_lag_seconds`, () =>
    Object.entries(lags).map(([statistic, value]) => ({ value, attributes: { statistic } })),
  )
  return () => {
    clearInterval(timer)
    lag.disable()
  }
}

/** The measured interval includes the timer's own (ns to s). */
const delayOf = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - lagResolutionMs / 1_000)

/** The program's version, from package.json. */
export const readVersion = (): string => {
  const file: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  return String(Reflect.get(Object(file), 'version'))
}
