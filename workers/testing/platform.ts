import type { Platform } from '../engine/platform.ts'
import { acquireProfileLock } from '../engine/tab-lock.ts'
import { webCrypto, webKeys } from '../stack/web-crypto.ts'
import type { Store } from '../store/store.ts'
import type { Meter, Tracer } from '../telemetry/telemetry.ts'

export interface Machine {
  /** Outlives the engine, although the engine closes it. */
  disk: Store
  random(): number
  /** How far its wall clock is ahead of this machine's (ms). */
  clockMs(): number
  node: Platform['node']
  /** URL of the page's server; none if absent. */
  origin?: string
  /** Replaces the engine's own tracer. */
  tracer?: Tracer
  /** Replaces the engine's own meter. */
  meter?: Meter
}

/** A platform without a page server or WebRTC, and without wake events. */
export const createTestPlatform = ({ disk, random, clockMs, node, origin, tracer, meter }: Machine): Platform => {
  const clocks = { wall: () => Date.now() + clockMs(), monotonic: () => performance.now() }
  return {
    origin,
    clocks,
    crypto: webCrypto,
    keys: webKeys,
    random,
    randomUuid: () => crypto.randomUUID(),
    openStore: async () => ({ store: { ...disk, persistent: true, close: async () => {} } }),
    lockProfile: (profile, options) => acquireProfileLock(profile, navigator.locks, clocks, options),
    onWake: () => () => {},
    node,
    webRtc: undefined,
    usage: { storage: async () => undefined, heapBytes: () => process.memoryUsage().heapUsed },
    writeLog: (line) => console.log(line),
    tracer,
    meter,
  }
}
