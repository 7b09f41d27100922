import type { MeasurementDependencies, Measurements } from './measurements.ts'

/**
 * The measurements, which load once the engine is up: counts go on meanwhile, and the first row holds them. A load that
 * fails, as without the server, is repeated at first use.
 */
export interface LateMeasurements {
  /** Resolves with the running measurements; rejects when they cannot be loaded. */
  started(): Promise<Measurements>
  /** Writes the measurements up to now, if there are any. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export const createLateMeasurements = (deps: MeasurementDependencies): LateMeasurements => {
  let running: Promise<Measurements> | undefined
  let isStopped = false

  const start = async (): Promise<Measurements> => {
    const { createMeasurements } = await import('./measurements.ts')
    const measurements = createMeasurements(deps)
    if (isStopped) await measurements.stop()
    return measurements
  }

  /** Undefined where they were not asked for, or cannot be loaded. */
  const loaded = async (): Promise<Measurements | undefined> => running?.catch(() => undefined)

  return {
    started() {
      running ??= start().catch((error: unknown) => {
        running = undefined
        throw error
      })
      return running
    },
    async flush() {
      await (await loaded())?.flush()
    },
    async stop() {
      isStopped = true
      await (await loaded())?.stop()
    },
  }
}
