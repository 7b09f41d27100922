import { expose } from 'comlink'
import { engineNoticeId, type Update } from './contract/updates.ts'
import { answerPings } from './engine/answer-pings.ts'
import { createCommandGate } from './engine/command-gate.ts'
import { fetchLateParts, latePartsDelayMs } from './engine/late-parts.ts'
import { serveTabs } from './engine/serve-tabs.ts'
import { transferResults } from './engine/transfer-results.ts'
import { surviveUncaughtErrors } from './engine/uncaught-errors-in-worker.ts'
import { installRtcShim } from './net/rtc-shim.ts'
import { installSteadyDate } from './stack/steady-date.ts'

// Before any code measures durations with it.
installSteadyDate()

answerPings(self)

surviveUncaughtErrors(
  self,
  (line) => console.error(line),
  () => performance.now(),
)

// Most of the worker's code, loaded while the page still sends its options. It excludes the WebRTC transport, which
// reads the globals when it is evaluated: the node imports it after the shim is installed.
const engine = import('./browser-engine.ts')
// The start reports a failure.
engine.catch(() => {})

// Exposed before the first await, because a call that arrives earlier would never be answered.
const gate = createCommandGate(async (options) => {
  const tabs = serveTabs(options, gate)
  const rtc =
    options.rtc === undefined ? undefined : installRtcShim(options.rtc, { transfer: options.transferChannels })
  const { createBrowserEngine } = await engine
  const { commands } = await createBrowserEngine({ ...options, updates: tabs, onStolen: () => self.close() }, rtc)
  tabs.up()
  if (options.leadership?.restarted) tabs.postMessage([restartNotice])
  const lateParts = setTimeout(fetchLateParts, latePartsDelayMs)
  return {
    ...commands,
    stop() {
      clearTimeout(lateParts)
      tabs.stop()
      return commands.stop()
    },
  }
})
expose(transferResults(gate))

/** Sent by the new engine, so that all tabs of the profile receive it. */
const restartNotice: Update = {
  kind: 'notice',
  id: engineNoticeId,
  level: 'warning',
  name: 'Timeout',
  reason: { code: 'engine-restarted', seconds: 5 },
}
