import { expose } from 'comlink'
import { createCommandGate } from './engine/command-gate.ts'
import { serveTabs } from './engine/serve-tabs.ts'
import { installRtcShim } from './net/rtc-shim.ts'

// Exposed before anything is awaited: a call that arrives earlier would never be answered.
const gate = createCommandGate(async (options) => {
  const tabs = serveTabs(options, gate)
  // The WebRTC transport reads the globals when it is evaluated, so the shim goes first and the engine is imported after.
  const rtc =
    options.rtc === undefined ? undefined : installRtcShim(options.rtc, { transfer: options.transferChannels })
  const { createEngine } = await import('./engine/create-engine.ts')
  const engine = await createEngine({ ...options, updates: tabs, onStolen: () => self.close() }, rtc)
  tabs.up()
  return {
    ...engine,
    stop() {
      tabs.stop()
      return engine.stop()
    },
  }
})
expose(gate)
