import type { TelemetryOptions, TelemetryView } from '../contract/telemetry-views.ts'
import type { Store } from '../store/store.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { SpanConverter } from '../telemetry/otel/span-converter.ts'
import type { RunningExport } from '../telemetry/otel/start-export.ts'
import { settledWithin } from '../telemetry/settled-within.ts'
import { createCollectorProbe } from './collector-probe.ts'
import { createPeerHash } from './peer-hash.ts'
import type { Platform } from './platform.ts'
import { readTelemetrySettings, type TelemetrySettings, writeTelemetrySettings } from './telemetry-settings.ts'
import type { TraceExport } from './tracing.ts'

/**
 * The export of traces and metrics to the collector of the page's server, while the person wants it: off by default.
 * Whatever fails in it fails silently; only storing the choice can fail a command.
 */
export interface TelemetryExport extends TraceExport {
  view(): Promise<TelemetryView>
  /** @throws Failure if the choice cannot be stored. */
  set(options: TelemetryOptions): Promise<TelemetryView>
  /** Sends what waits, in a bounded time. Never rejects. */
  flush(): Promise<void>
  /** Sends what waits, in a bounded time, and ends the export. */
  stop(): Promise<void>
}

export interface TelemetryExportDependencies {
  platform: Pick<Platform, 'origin' | 'clocks' | 'crypto' | 'keys'>
  store: Pick<Store, 'get' | 'write'>
  figures: Pick<MeterReader, 'collect'>
  /** Converts the traces that wait. */
  flushTraces(): Promise<void>
}

/** Delay before another try to load the exporter (ms). */
const retryMs = 30_000

/** Time to convert what waits, when the engine stops (ms); the exporter has a limit of its own. */
const convertMs = 300

export const createTelemetryExport = async ({
  platform,
  store,
  figures,
  flushTraces,
}: TelemetryExportDependencies): Promise<TelemetryExport> => {
  const { origin, clocks, crypto, keys } = platform
  const startedAt = clocks.wall()
  const probe = createCollectorProbe(origin, clocks.monotonic)
  let settings: TelemetrySettings | undefined = await readTelemetrySettings(store)
  let converter: SpanConverter | undefined
  let running: RunningExport | undefined
  let starting: Promise<void> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let isStopped = false

  const wanted = (): TelemetrySettings | undefined =>
    settings?.export === true && origin !== undefined && !isStopped ? settings : undefined

  const begin = async (to: SpanConverter): Promise<void> => {
    try {
      const { startExport } = await import('../telemetry/otel/start-export.ts')
      const now = wanted()
      // Switched off meanwhile.
      if (now === undefined || origin === undefined) return
      running = startExport({
        origin,
        resource: to.resource,
        hashPeer: createPeerHash(now.salt, crypto.sha256),
        figures,
        startedAt,
        wall: clocks.wall,
        monotonic: clocks.monotonic,
      })
      to.exportTo(running.processor)
    } catch {
      retry = setTimeout(() => void apply(), retryMs)
    }
  }

  /** Starts or ends the export as it is wanted. */
  const apply = async (): Promise<void> => {
    clearTimeout(retry)
    if (wanted() === undefined) {
      converter?.exportTo(undefined)
      running?.stop()
      running = undefined
      return
    }
    if (converter === undefined || running !== undefined) return
    starting ??= begin(converter).finally(() => {
      starting = undefined
    })
    await starting
  }

  const view = async (): Promise<TelemetryView> => {
    const state = running?.state() ?? 'unknown'
    return {
      export: settings?.export ?? false,
      ratio: settings?.ratio ?? 1,
      collector: state === 'unknown' ? await probe() : state,
    }
  }

  const flush = async (): Promise<void> => {
    if (wanted() === undefined) return
    // Loads the exporter where it has not been needed yet.
    await settledWithin(convertMs, flushTraces())
    await running?.flush()
  }

  return {
    ratio: () => wanted()?.ratio ?? 0,
    async attach(to) {
      converter = to
      await apply()
    },
    view,
    async set({ export: isOn, ratio }) {
      const next: TelemetrySettings = {
        v: 1,
        export: isOn,
        ratio: ratio ?? settings?.ratio ?? 1,
        salt: settings?.salt ?? (await keys.generateSeed()),
      }
      await writeTelemetrySettings(store, next)
      settings = next
      await apply()
      return view()
    },
    flush,
    async stop() {
      await flush()
      isStopped = true
      await apply()
    },
  }
}
