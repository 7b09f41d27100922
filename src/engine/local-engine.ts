import { releaseProxy, transfer, wrap } from 'comlink'
import type { Leadership, StartOptions, TracedCommands } from '../../workers/contract/commands.ts'
import { Failure } from '../../workers/contract/failures.ts'
import { isPulse, type PulseMessage } from '../../workers/contract/pulse.ts'
import { engineNoticeId, type Update, type UpdateBatch } from '../../workers/contract/updates.ts'
import type { Route } from './call-router.ts'
import { createRtcHost } from './rtc-host.ts'
import { createWorkerMonitor, monitorTickMs } from './worker-monitor.ts'

/** The engine in a worker of this page. The page owns its RTCPeerConnections, which workers cannot create. */
export interface LocalEngine extends Route {
  /** Stops the engine and ends its worker. */
  stop(): Promise<void>
  /** Terminates the worker immediately, without further writes or messages, as after a takeover by another tab. */
  terminate(): void
}

export interface LocalEngineOptions extends Pick<StartOptions, 'profile' | 'relays' | 'iceServers'> {
  debug: string | undefined
  transferChannels: boolean
  leadership: Leadership
  onUpdates(batch: UpdateBatch): void
  /** The worker does not answer and must be terminated. Called once. */
  onStuck(): void
}

export const startLocalEngine = (options: LocalEngineOptions): LocalEngine => {
  const worker = new Worker(new URL('../../workers/engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  })
  const remote = wrap<TracedCommands>(worker)

  const monitor = createWorkerMonitor()
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (isPulse(data, 'pong')) monitor.heard()
  })
  const ping: PulseMessage = { ggen: 'ping' }
  const watching = setInterval(() => {
    if (monitor.tick(performance.now()) === 'ping') return worker.postMessage(ping)
    clearInterval(watching)
    options.onStuck()
  }, monitorTickMs)

  const updates = new MessageChannel()
  updates.port1.onmessage = ({ data }: MessageEvent<UpdateBatch>) => options.onUpdates(data)

  const rtc = typeof RTCPeerConnection === 'undefined' ? undefined : new MessageChannel()
  const rtcHost = rtc === undefined ? undefined : createRtcHost(rtc.port1)

  const crashed = new Promise<never>((_, reject) => {
    // A script that does not load gives an event without a message.
    worker.onerror = ({ message = '' }: Partial<ErrorEvent>) => {
      reject(new Failure('Internal', { code: 'engine-error', detail: message }))
      // After the start nothing awaits that promise, so the crash is also sent as an update.
      options.onUpdates([crashNotice(message)])
    }
  })
  const { profile, relays, debug, iceServers, transferChannels, leadership } = options
  const start: StartOptions = {
    profile,
    relays,
    iceServers,
    transferChannels,
    leadership,
    ...(debug === undefined ? {} : { debug }),
    updates: updates.port2,
    rtc: rtc?.port2,
  }
  const ports = rtc === undefined ? [updates.port2] : [updates.port2, rtc.port2]
  const started = Promise.race([remote.start(transfer(start, ports)), crashed])
  started.catch(() => {})

  const alive = new AbortController()
  const settle = (): void => void remote.flush().catch(() => {})
  document.addEventListener('visibilitychange', () => document.hidden && settle(), { signal: alive.signal })
  addEventListener('pagehide', settle, { signal: alive.signal })

  const terminate = (): void => {
    clearInterval(watching)
    alive.abort()
    worker.terminate()
    rtcHost?.close()
    updates.port1.close()
  }
  return {
    async call(command, args, trace) {
      await started
      return remote.run(trace, command, ...args)
    },
    async stop() {
      try {
        await remote.stop()
      } finally {
        remote[releaseProxy]()
        terminate()
      }
    },
    terminate,
  }
}

const crashNotice = (detail: string): Update => ({
  kind: 'notice',
  id: engineNoticeId,
  level: 'error',
  name: 'Internal',
  reason: { code: 'engine-error', detail },
})
