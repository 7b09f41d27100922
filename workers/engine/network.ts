import { createEmitter, type Subscribe } from './emitter.ts'
import { forwardTo, type NetworkConcerns, type NetworkStatus, offline, offlineStatus } from './network-concerns.ts'

/**
 * The network of an engine, there from the beginning: until the node runs, and after it failed to start, it answers like
 * a peer without connections. Parts that must not mistake “not yet” for “nobody” await `started`.
 */
export interface Network extends NetworkConcerns {
  /** True once the node runs, false when it could not be started; never rejects. */
  readonly started: Promise<boolean>
  state(): NetworkState
  status(): NetworkStatus
  /** Something that `state` or `status` shows has changed. */
  readonly onChange: Subscribe<void>
  /** A peer subscribed to the announcements. */
  readonly onAudience: Subscribe<void>
  /** Starts the node, once; never after `stop`. */
  start(): void
  /** The machine woke up or went online: try everything at once, as soon as the node runs and however often it is called until then. */
  wake(): void
  /** Waits for a start that is under way. */
  stop(): Promise<void>
}

export type NetworkState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** Everything local works on. */
  | { readonly kind: 'failed'; readonly error: unknown }

/** A started node and everything that speaks over it. */
export interface RunningNetwork extends NetworkConcerns {
  status(): NetworkStatus
  wake(): void
  stop(): Promise<void>
}

export interface NetworkEvents {
  onChange(): void
  onAudience(): void
}

/** @param startNetwork gives back what it holds when it rejects. */
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
