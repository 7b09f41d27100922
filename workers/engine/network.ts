import { createEmitter, type Subscribe } from './emitter.ts'
import { forwardTo, type NetworkConcerns, type NetworkStatus, offline, offlineStatus } from './network-concerns.ts'

/**
 * The network of an engine, usable from the beginning: until the node runs, and after a failed start, it answers like a
 * node without connections. Parts that must tell “not yet” from “no peers” await `started`.
 */
export interface Network extends NetworkConcerns {
  /** True once the node runs, false when it could not be started; never rejects. */
  readonly started: Promise<boolean>
  state(): NetworkState
  status(): NetworkStatus
  /** Emits when `state` or `status` may have changed. */
  readonly onChange: Subscribe<void>
  /** Emits when a peer subscribes to the announcements. */
  readonly onAudience: Subscribe<void>
  /** Starts the node, once; never after `stop`. */
  start(): void
  /** Retries everything at once, as soon as the node runs: the machine woke up or went online. Calls during the start count as one. */
  wake(): void
  /** Waits for a start in progress. */
  stop(): Promise<void>
}

export type NetworkState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** Local commands still work. */
  | { readonly kind: 'failed'; readonly error: unknown }

/** A started node and the protocols on it. */
export interface RunningNetwork extends NetworkConcerns {
  status(): NetworkStatus
  wake(): void
  stop(): Promise<void>
}

export interface NetworkEvents {
  onChange(): void
  onAudience(): void
}

/** @param startNetwork releases everything before it rejects. */
export const createNetwork = (startNetwork: (events: NetworkEvents) => Promise<RunningNetwork>): Network => {
  const changes = createEmitter()
  const audiences = createEmitter()
  const started = Promise.withResolvers<boolean>()
  let running: RunningNetwork | undefined
  let state: NetworkState = { kind: 'starting' }
  let isStarting = false
  let isStopped = false
  let isWaking = false

  const begin = async (): Promise<boolean> => {
    try {
      running = await startNetwork({ onChange: changes.emit, onAudience: audiences.emit })
      state = { kind: 'running' }
    } catch (error) {
      state = { kind: 'failed', error }
    }
    changes.emit()
    return running !== undefined
  }

  return {
    ...forwardTo(() => running ?? offline),
    started: started.promise,
    state: () => state,
    status: () => running?.status() ?? offlineStatus,
    onChange: changes.subscribe,
    onAudience: audiences.subscribe,
    start() {
      if (isStarting || isStopped) return
      isStarting = true
      started.resolve(begin())
    },
    wake() {
      if (isWaking || isStopped) return
      isWaking = true
      void started.promise.then(() => {
        isWaking = false
        running?.wake()
      })
    },
    async stop() {
      isStopped = true
      if (!isStarting) started.resolve(false)
      await started.promise
      await running?.stop()
    },
  }
}
