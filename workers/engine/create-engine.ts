import type { StartOptions } from '../contract/commands.ts'
import type { UpdateBatch } from '../contract/updates.ts'
import { createTelemetry } from '../telemetry/create-telemetry.ts'
import { createApplication } from './application.ts'
import { createClock } from './clock.ts'
import type { RunningEngine } from './command-gate.ts'
import { createEngineEvents } from './events.ts'
import { createNetwork, type Network } from './network.ts'
import type { Platform } from './platform.ts'
import { startNetwork } from './start-network.ts'
import { openStorage, type Storage } from './storage.ts'
import { createTelemetryExport } from './telemetry-export.ts'
import { createTracing } from './tracing.ts'
import { createUndoStack, type UndoStack } from './undo-stack.ts'
import { createUpdateBus } from './update-bus.ts'

export interface EngineOptions extends Omit<StartOptions, 'updates' | 'rtc' | 'transferChannels'> {
  updates: { postMessage(batch: UpdateBatch): void }
  /** Called when another tab took over the profile while this one was frozen: the worker must end at once. */
  onStolen(): void
}

export interface Engine {
  readonly commands: RunningEngine
  /** The layers below the commands, for tests that inspect them. */
  readonly storage: Storage
  readonly network: Network
}

/**
 * The composition root: wires the stored profile (`storage.ts`), the network (`network.ts`, `start-network.ts`) and the
 * use cases over both (`application.ts`). Resolves when the stored profile is loaded and commands work; the network
 * starts in the background. A failed start releases everything.
 */
export const createEngine = async (options: EngineOptions, platform: Platform): Promise<Engine> => {
  const undos = createUndoStack()
  try {
    return await assemble(options, platform, undos)
  } catch (error) {
    await undos.run()
    throw error
  }
}

const assemble = async (options: EngineOptions, platform: Platform, undos: UndoStack): Promise<Engine> => {
  const { profile, relays, iceServers, debug } = options
  const { clocks, writeLog } = platform
  const tracing = createTracing(platform)
  undos.add(tracing.stop)
  const { telemetry, figures } = createTelemetry({
    debug,
    now: clocks.wall,
    write: writeLog,
    tracer: tracing.tracer,
    otherTracer: platform.tracer,
    otherMeter: platform.meter,
  })
  tracing.measure(telemetry.meter)
  const log = telemetry.logger('engine')
  const events = createEngineEvents({ telemetry, now: clocks.wall })
  const bus = createUpdateBus((batch) => options.updates.postMessage(batch))
  undos.add(bus.stop, () => platform.webRtc?.close())
  const lock = await platform.lockProfile(profile, {
    steal: options.leadership?.stolen ?? false,
    onStolen: options.onStolen,
  })
  undos.add(lock.release)

  const lifetime = new AbortController()
  const clock = createClock({ ...platform, signal: lifetime.signal })
  const storage = await openStorage(
    {
      profile,
      relays,
      platform,
      telemetry,
      clock,
      lock,
      onBanned: (peer) => events.emit('peer-banned', peer),
      notice(level, id, { name, reason }) {
        log.debug('notice', { id, level, name, reason: reason.code })
        bus.emit({ kind: 'notice', id, level, name, reason })
      },
    },
    undos,
  )
  const telemetryExport = await createTelemetryExport({
    platform,
    store: storage.store,
    figures,
    flushTraces: tracing.flush,
  })
  tracing.exportWith(telemetryExport)
  undos.add(telemetryExport.stop)
  const network = createNetwork((events) => startNetwork({ storage, platform, telemetry, iceServers }, events))
  const { commands, resume } = createApplication(
    {
      profile,
      platform,
      telemetry,
      figures,
      tracing,
      telemetryExport,
      events,
      clock,
      storage,
      network,
      bus,
      signal: lifetime.signal,
      stop: undos.run,
    },
    undos,
  )
  undos.add(() => lifetime.abort())

  await storage.load()
  network.start()
  void resume()
  return { commands, storage, network }
}
