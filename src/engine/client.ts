import { type TabCommand, tabCommands } from '../../workers/contract/command-table.ts'
import type { EngineCommands, StartOptions } from '../../workers/contract/commands.ts'
import { Failure } from '../../workers/contract/failures.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { StatusView } from '../../workers/contract/views.ts'
import { createCallRouter } from './call-router.ts'
import { type LocalEngine, startLocalEngine } from './local-engine.ts'
import { createRestarts } from './restarts.ts'
import { joinTabs } from './tabs.ts'
import { withoutEngine } from './without-engine.ts'

/** The engine as the page sees it: every command of the contract, and the stream of updates. */
export interface EngineClient extends Pick<EngineCommands, TabCommand> {
  /** Resolves when commands work, which is before any peer is connected; rejects with a named failure. */
  readonly ready: Promise<void>
  /** Calls `listener` with every batch of updates; returns its undo. */
  subscribe(listener: (batch: UpdateBatch) => void): () => void
  /** Leaves the other tabs of the profile; the engine is stopped and its worker ended, if they are in this page. */
  stop(): Promise<void>
}

export interface EngineClientOptions {
  profile: string
  /** Relay multiaddrs that replace the configured ones; empty for those. */
  relays: string[]
  /** Rooms whose logs the engine of this page writes to the console, separated by commas; none when undefined. */
  debug?: string | undefined
  /** ICE servers for WebRTC; none means host candidates only. */
  iceServers: StartOptions['iceServers']
  /** False passes data channels' messages through the page instead of transferring the channels. */
  transferChannels?: boolean
}

/**
 * The one engine of a profile, however many tabs are open: in a worker of this page when it leads, else in that of the
 * tab that does. Which of both, and when it changes, shows in nothing but time.
 */
export const createEngineClient = (options: EngineClientOptions): EngineClient => {
  const { profile, relays, debug, iceServers, transferChannels = true } = options
  const router = createCallRouter()
  const listeners = new Set<(batch: UpdateBatch) => void>()
  let lastStatus: StatusView | undefined
  const tell = (batch: UpdateBatch): void => {
    for (const update of batch) if (update.kind === 'status') lastStatus = update.status
    for (const listener of listeners) listener(batch)
  }
  const restarts = createRestarts()
  let local: LocalEngine | undefined
  let restarting: ReturnType<typeof setTimeout> | undefined
  let engines = 0

  /** What changed while nobody told of it is asked for again: the next engine counts its revisions from the start. */
  const refresh = async (): Promise<void> => {
    engines += 1
    if (engines === 1) return
    const revision = -engines
    const status = await router.call('status', []).catch(() => undefined)
    if (status === undefined || revision !== -engines) return
    const view = status as Awaited<ReturnType<EngineCommands['status']>>
    tell([
      { kind: 'status', status: view },
      { kind: 'catalogue', revision, size: view.catalogueSize, changed: 'many' },
      { kind: 'library', revision },
    ])
  }

  /** Ends the engine with its connections, and starts another, unless it has come to that too often. */
  const onStuck = (): void => {
    local?.terminate()
    local = undefined
    router.stuck()
    if (lastStatus !== undefined) tell([{ kind: 'status', status: withoutEngine(lastStatus, Date.now()) }])
    const delayMs = restarts.next(performance.now())
    if (delayMs !== undefined) restarting = setTimeout(tabs.restart, delayMs)
    else giveUp()
  }

  /** Another tab of the profile, if there is one, may try. */
  const giveUp = (): void => {
    const failure = new Failure('Internal', { code: 'engine-gave-up', seconds: 5 })
    tabs.leave()
    router.use({ call: () => Promise.reject(failure) })
    tell([{ kind: 'engine', name: failure.name, reason: failure.reason }])
  }

  const tabs = joinTabs({
    profile,
    onLead(leadership) {
      local = startLocalEngine({
        profile,
        relays,
        debug,
        iceServers,
        transferChannels,
        leadership,
        onUpdates: tell,
        onStuck,
      })
      router.use(local)
      void refresh()
    },
    onDeposed() {
      clearTimeout(restarting)
      router.use(undefined)
      local?.terminate()
      local = undefined
    },
    onFollow(route) {
      router.use(route)
      void refresh()
    },
    onUpdates: tell,
  })

  const commands = Object.fromEntries(
    tabCommands.map((command) => [command, (...args: unknown[]) => router.call(command, args)]),
  ) as unknown as Pick<EngineCommands, TabCommand>
  const ready = commands.status().then(() => {})
  ready.catch(() => {})

  return {
    ...commands,
    ready,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      clearTimeout(restarting)
      try {
        await local?.stop()
      } finally {
        tabs.leave()
      }
    },
  }
}
