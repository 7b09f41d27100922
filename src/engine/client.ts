import { type TabCommand, tabCommands } from '../../workers/contract/command-table.ts'
import type { EngineCommands, StartOptions } from '../../workers/contract/commands.ts'
import { Failure } from '../../workers/contract/failures.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type { StatusView } from '../../workers/contract/views.ts'
import { createCallRouter } from './call-router.ts'
import { type LocalEngine, startLocalEngine } from './local-engine.ts'
import { createRestarts } from './restarts.ts'
import { joinTabs } from './tabs.ts'
import { createTraceId } from './trace-context.ts'
import { withoutEngine } from './without-engine.ts'

/** The engine as the page sees it: every command of the contract, and the stream of updates. */
export interface EngineClient extends Pick<EngineCommands, TabCommand> {
  /** Resolves when commands work, possibly before any peer is connected; rejects with a named failure. */
  readonly ready: Promise<void>
  /** Calls `listener` with every batch of updates; returns the unsubscribe function. */
  subscribe(listener: (batch: UpdateBatch) => void): () => void
  /** Leaves the profile's tabs, and stops the engine and its worker if this page runs them. */
  stop(): Promise<void>
}

const traceIdByOutcome = new WeakMap<Promise<unknown>, string>()

/**
 * The id of the trace that records a command, given the promise that the client returned for it: the engine has the
 * trace once the command has settled, unless it was not recorded. Undefined for any other promise.
 */
export const traceIdOf = (outcome: Promise<unknown>): string | undefined => traceIdByOutcome.get(outcome)

export interface EngineClientOptions {
  profile: string
  /** Relay multiaddrs that replace the configured ones, unless empty. */
  relays: string[]
  /** Rooms whose logs the engine of this page writes to the console, separated by commas; none when undefined. */
  debug?: string | undefined
  /** ICE servers for WebRTC; none means host candidates only. */
  iceServers: StartOptions['iceServers']
  /** False passes data channels' messages through the page instead of transferring the channels. */
  transferChannels?: boolean
}

/**
 * The single engine of a profile: runs in a worker of this page when it leads, otherwise in the leading tab. Callers
 * cannot emit the difference, apart from latency.
 */
export const createEngineClient = (options: EngineClientOptions): EngineClient => {
  const { profile, relays, debug, iceServers, transferChannels = true } = options
  const router = createCallRouter()
  const listeners = new Set<(batch: UpdateBatch) => void>()
  let lastStatus: StatusView | undefined
  const emit = (batch: UpdateBatch): void => {
    for (const update of batch) if (update.kind === 'status') lastStatus = update.status
    for (const listener of listeners) listener(batch)
  }
  const restarts = createRestarts()
  let local: LocalEngine | undefined
  let restarting: ReturnType<typeof setTimeout> | undefined
  let engines = 0

  /** Emits the full state of a new engine, which restarts its revision numbers and may have missed changes. */
  const refresh = async (): Promise<void> => {
    engines += 1
    if (engines === 1) return
    const revision = -engines
    const status = await router.call('status', []).catch(() => undefined)
    if (status === undefined || revision !== -engines) return
    const view = status as Awaited<ReturnType<EngineCommands['status']>>
    emit([
      { kind: 'status', status: view },
      { kind: 'catalogue', revision, size: view.catalogueSize, changed: 'many' },
      { kind: 'library', revision },
    ])
  }

  /** Terminates the engine with its connections, and restarts it unless that happened too often. */
  const onStuck = (): void => {
    local?.terminate()
    local = undefined
    router.stuck()
    if (lastStatus !== undefined) emit([{ kind: 'status', status: withoutEngine(lastStatus, Date.now()) }])
    const delayMs = restarts.next(performance.now())
    if (delayMs !== undefined) restarting = setTimeout(tabs.restart, delayMs)
    else resign()
  }

  /** Gives up leadership, so that another tab of the profile can run the engine. */
  const resign = (): void => {
    const failure = new Failure('Internal', { code: 'engine-gave-up', seconds: 5 })
    tabs.leave()
    router.use({ call: () => Promise.reject(failure) })
    emit([{ kind: 'engine', name: failure.name, reason: failure.reason }])
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
        onUpdates: emit,
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
    onUpdates: emit,
  })

  const commands = Object.fromEntries(
    tabCommands.map((command) => [
      command,
      (...args: unknown[]) => {
        const traceId = createTraceId()
        const outcome = router.call(command, args, traceId)
        traceIdByOutcome.set(outcome, traceId)
        return outcome
      },
    ]),
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
