import { releaseProxy, transfer, wrap } from 'comlink'
import type { EngineCommands, StartOptions } from '../../workers/contract/commands.ts'
import type { Update, UpdateBatch } from '../../workers/contract/updates.ts'
import { createRtcHost } from './rtc-host.ts'

/** The engine as the page sees it: every command of the contract, and the stream of updates. */
export interface EngineClient extends Omit<EngineCommands, 'start' | 'stop'> {
  /** Resolves when commands work, which is before any peer is connected; rejects with a named failure. */
  readonly ready: Promise<void>
  /** Calls `listener` with every batch of updates; returns its undo. */
  subscribe(listener: (batch: UpdateBatch) => void): () => void
  /** Stops the engine and ends its worker. */
  stop(): Promise<void>
}

export interface EngineClientOptions {
  profile: string
  /** Relay multiaddrs that replace the configured ones; empty for those. */
  relays: string[]
  /** ICE servers for WebRTC; none means host candidates only. */
  iceServers: StartOptions['iceServers']
  /** False passes data channels' messages through the page instead of transferring the channels. */
  transferChannels?: boolean
}

/** Starts the engine in a worker of its own and owns, on its behalf, the RTCPeerConnections that workers cannot have. */
export const createEngineClient = (options: EngineClientOptions): EngineClient => {
  const worker = new Worker(new URL('../../workers/engine.worker.ts', import.meta.url), {
    type: 'module',
    name: 'engine',
  })
  const remote = wrap<EngineCommands>(worker)
  const listeners = new Set<(batch: UpdateBatch) => void>()

  const updates = new MessageChannel()
  updates.port1.onmessage = ({ data }: MessageEvent<UpdateBatch>) => {
    for (const listener of listeners) listener(data)
  }

  const rtc = typeof RTCPeerConnection === 'undefined' ? undefined : new MessageChannel()
  const rtcHost = rtc === undefined ? undefined : createRtcHost(rtc.port1)

  const crashed = new Promise<never>((_, reject) => {
    worker.onerror = ({ message }) => {
      reject(new Error(message || 'The engine’s worker could not be started.'))
      // After the start nobody waits for that promise, so it is told as an update too.
      for (const listener of listeners) listener([crashNotice(message)])
    }
  })
  const start: StartOptions = {
    profile: options.profile,
    relays: options.relays,
    iceServers: options.iceServers,
    updates: updates.port2,
    rtc: rtc?.port2,
    transferChannels: options.transferChannels ?? true,
  }
  const ports = rtc === undefined ? [updates.port2] : [updates.port2, rtc.port2]
  const ready = Promise.race([remote.start(transfer(start, ports)), crashed])
  ready.catch(() => {})

  const { start: _start, stop: stopRemote, ...commands } = commandsOf(remote)
  return {
    ...commands,
    ready,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      try {
        await stopRemote()
      } finally {
        rtcHost?.close()
        updates.port1.close()
        remote[releaseProxy]()
        worker.terminate()
      }
    },
  }
}

const crashNotice = (reason: string): Update => ({
  ...{ kind: 'notice', id: 'engine', level: 'error', name: 'Internal' },
  message: `The engine of this page met an error${reason === '' ? '' : ` (${reason})`}. If something no longer works, load the page again.`,
})

/** Comlink's proxy answers to any name; the client has exactly the contract's. */
const commandsOf = (remote: ReturnType<typeof wrap<EngineCommands>>): EngineCommands => ({
  start: (options) => remote.start(options),
  stop: () => remote.stop(),
  status: () => remote.status(),
  check: (files, options) => remote.check(files, options),
  readArchive: (archive) => remote.readArchive(archive),
  publish: (files, options) => remote.publish(files, options),
  yank: (id, version) => remote.yank(id, version),
  search: (query) => remote.search(query),
  describe: (id) => remote.describe(id),
  lookup: (id) => remote.lookup(id),
  resolve: (specs) => remote.resolve(specs),
  planInstall: (specs, options) => remote.planInstall(specs, options),
  install: (specs, options) => remote.install(specs, options),
  cancel: (transferId) => remote.cancel(transferId),
  library: () => remote.library(),
  readFile: (id, version, path) => remote.readFile(id, version, path),
  exportZip: (id, version) => remote.exportZip(id, version),
  verify: (id, version) => remote.verify(id, version),
  uninstall: (id, version) => remote.uninstall(id, version),
  peers: () => remote.peers(),
  metrics: () => remote.metrics(),
  connect: (multiaddr) => remote.connect(multiaddr),
})
