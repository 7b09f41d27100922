import { createEngine, type Engine, type EngineOptions } from './engine/create-engine.ts'
import type { Platform } from './engine/platform.ts'
import { acquireProfileLock } from './engine/tab-lock.ts'
import type { RtcShim } from './net/rtc-shim.ts'
import { wallNow } from './stack/steady-date.ts'
import { webCrypto, webKeys } from './stack/web-crypto.ts'
import { openStore } from './store/open-store.ts'

/** Creates the engine in a browser's worker. WebRTC is available if the page provides its connections. */
export const createBrowserEngine = (options: EngineOptions, webRtc: RtcShim | undefined): Promise<Engine> =>
  createEngine(options, createBrowserPlatform(webRtc))

const createBrowserPlatform = (webRtc: RtcShim | undefined): Platform => {
  const clocks = { wall: wallNow, monotonic: () => performance.now() }
  return {
    origin: self.location.origin,
    clocks,
    crypto: webCrypto,
    keys: webKeys,
    random: Math.random,
    randomUuid: () => crypto.randomUUID(),
    openStore,
    lockProfile: (profile, options) => acquireProfileLock(profile, navigator.locks, clocks, options),
    onWake(listener) {
      const onOnline = (): void => listener('online')
      self.addEventListener('online', onOnline)
      return () => self.removeEventListener('online', onOnline)
    },
    node: {},
    webRtc,
    usage: { storage: storageUsage, heapBytes },
    writeLog: (line) => console.log(line),
    tracer: undefined,
    meter: undefined,
  }
}

const storageUsage = async (): Promise<{ used: number; quota: number } | undefined> => {
  try {
    const { usage, quota } = await navigator.storage.estimate()
    return usage === undefined || quota === undefined ? undefined : { used: usage, quota }
  } catch {
    return undefined
  }
}

/** Chromium tells the heap of a page, and that of a worker not in every version; other browsers tell neither. */
const heapBytes = (): number | undefined =>
  (performance as { memory?: { usedJSHeapSize?: number } }).memory?.usedJSHeapSize
