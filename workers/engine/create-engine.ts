import type { StartOptions } from '../contract/commands.ts'
import type { UpdateBatch } from '../contract/updates.ts'
import { createTelemetry } from '../telemetry/create-telemetry.ts'
import { createApplication } from './application.ts'
import { createClock } from './clock.ts'
import type { RunningEngine } from './command-gate.ts'
import { createNetwork, type Network } from './network.ts'
import type { Platform } from './platform.ts'
import { startNetwork } from './start-network.ts'
import { openStorage, type Storage } from './storage.ts'
import { createUndoStack, type UndoStack } from './undo-stack.ts'
import { createUpdateBus } from './update-bus.ts'

export interface EngineOptions extends Omit<StartOptions, 'updates' | 'rtc' | 'transferChannels'> {
  updates: { postMessage(batch: UpdateBatch): void }
  /** The profile was taken over by another tab while this one was frozen: the worker must end at once. */
  onStolen(): void
}

export interface Engine {
  readonly commands: RunningEngine
  /** What the commands stand on, for tests that look below them. */
  readonly storage: Storage
  readonly network: Network
}

/**
 * The composition root: what a profile has (`storage.ts`), what it can reach (`network.ts`, `start-network.ts`), and what
 * people do with both (`application.ts`). Resolves when commands work, with what this profile has stored; the network
 * starts meanwhile. A start that fails gives everything back.
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
  const { clocks, tracer, writeLog } = platform
  const { telemetry, figures } = createTelemetry({ debug, now: clocks.wall, write: writeLog, tracer })
  const log = telemetry.logger('engine')
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
      notice(level, id, { name, reason }) {
        log.debug('notice', { id, level, name, reason: reason.code })
        bus.emit({ kind: 'notice', id, level, name, reason })
      },
    },
    undos,
  )
  const network = createNetwork((events) => startNetwork({ storage, platform, telemetry, iceServers }, events))
  const { commands, resume } = createApplication(
    { profile, platform, telemetry, figures, clock, storage, network, bus, signal: lifetime.signal, stop: undos.run },
    undos,
  )
  undos.add(() => lifetime.abort())

  await storage.load()
  network.start()
  void resume()
  return { commands, storage, network }
}
