import type { CacheMemory } from '../cache/cache-memory.ts'
import type { ObjectiveView } from '../contract/telemetry-views.ts'
import type { Update } from '../contract/updates.ts'
import type { CacheKind, CacheView } from '../contract/views.ts'
import type { Reputation } from '../peers/reputation.ts'
import type { Store } from '../store/store.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { cacheTotals, createMemoryRates } from './cache-figures.ts'
import { watchEventLoop } from './event-loop-lag.ts'
import type { EngineEvents } from './events.ts'
import { observeGauges } from './gauges.ts'
import type { Network } from './network.ts'
import { breachNotice, createObjectiveMonitor } from './objective-monitor.ts'
import type { Platform } from './platform.ts'
import { createReputationFigures } from './reputation-figures.ts'
import { createSamples, type Samples } from './samples.ts'

export interface MeasurementDependencies {
  platform: Pick<Platform, 'clocks' | 'usage'>
  telemetry: Telemetry
  figures: MeterReader
  network: Network
  cache: Pick<CacheMemory<CacheKind>, 'counts' | 'stats'>
  reputation: Pick<Reputation, 'list' | 'scoreOf'>
  cacheView(): Pick<CacheView, 'hits' | 'misses'>
  events: EngineEvents
  store: Store
  emit(update: Update): void
}

export interface Measurements extends Samples {
  /** The service level objectives at this moment. */
  objectives(): ObjectiveView[]
}

/** Interval at which the browser is asked for the stored bytes (ms): the answer takes milliseconds. */
const storageMs = 30_000

/** Measures the engine: gauges for whoever collects metrics, a row of samples each second, and its objectives. */
export const createMeasurements = (deps: MeasurementDependencies): Measurements => {
  const { platform, telemetry, figures, network, cache, cacheView, reputation, events, store, emit } = deps
  const { clocks, usage } = platform
  const loop = watchEventLoop(clocks.monotonic)
  let lag: number | undefined
  let storage: { used: number; quota: number } | undefined
  // In memory nothing is stored, whatever the origin keeps elsewhere.
  const readStorage = async (): Promise<void> => {
    if (store.persistent) storage = await usage.storage()
  }
  void readStorage()
  const storageTimer = setInterval(() => void readStorage(), storageMs)

  const sources = {
    figures,
    network,
    cacheTotals: () => cacheTotals(cache.counts),
    memoryRates: createMemoryRates(cache, clocks.monotonic),
    reputation: createReputationFigures(reputation, clocks.monotonic),
    scoreOf: reputation.scoreOf,
    heapBytes: usage.heapBytes,
  }
  const stopObserving = observeGauges(telemetry.meter, { ...sources, storage: () => storage, lag: () => lag })
  const samples = createSamples({
    sources: {
      ...sources,
      storageBytes: () => storage?.used,
      takeLag() {
        lag = loop.take()
        return lag
      },
    },
    events,
    store,
    now: clocks.wall,
    monotonic: clocks.monotonic,
  })
  const objectives = createObjectiveMonitor({
    figures,
    cache() {
      const { hits, misses } = cacheView()
      return { hits: hits.hot + hits.warm + hits.cold + hits.catalogue, misses }
    },
    monotonic: clocks.monotonic,
    onBreach(breach) {
      emit(breachNotice(breach))
      events.emit('objective-breached', breach.name)
    },
  })

  return {
    ...samples,
    objectives: objectives.view,
    async stop() {
      clearInterval(storageTimer)
      objectives.stop()
      await samples.stop()
      loop.stop()
      stopObserving()
    },
  }
}
