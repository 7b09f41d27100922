import { type Operation, startOperation, untraced } from '../telemetry/operation.ts'
import type { Attributes, Tracer } from '../telemetry/telemetry.ts'

/** Time after which the trace ends without a direct peer (ms): a person who is alone or offline may wait for hours. */
const limitMs = 60_000

/** Limit on the wait for steps that still run when the trace is over (ms): a relay may never answer. */
const lastStepsMs = 5_000

export type BootstrapStep = 'node_start' | 'relay_dial' | 'reserve' | 'peer_dial'

export interface BootstrapSteps {
  /**
   * Runs a step, in a span while the node joins the network. Afterwards steps have none: a relay that is down is redialled
   * every few seconds, and its traces would push out all others. Failures are counted (`connection-errors.ts`).
   */
  run<T>(
    step: BootstrapStep,
    signal: AbortSignal,
    work: (operation: Operation) => Promise<T>,
    attributes?: Attributes,
  ): Promise<T>
}

export interface Bootstrap extends BootstrapSteps {
  /** Begins to wait for the first direct peer; `find` returns it once there is one. */
  waitFor(find: () => string | undefined): void
  /** Connections have changed. */
  changed(): void
  stop(): void
}

/** Steps outside of a bootstrap. */
export const untracedSteps: BootstrapSteps = { run: async (_, signal, work) => work(untraced(signal)) }

/** One trace of how the node joins the network: from its start until the first direct peer, for a minute at most. */
export const startBootstrap = (tracer: Tracer, attributes: Attributes = {}): Bootstrap => {
  const whole = startOperation(tracer, 'bootstrap', new AbortController().signal, attributes)
  const running = new Set<Promise<unknown>>()
  let find: () => string | undefined = () => undefined
  let waiting: Operation | undefined
  let isOver = false

  const end = async (outcome: 'direct-peer' | 'timed-out' | 'stopped', peer?: string): Promise<void> => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    waiting?.span.setAttributes({ found: peer !== undefined, ...(peer === undefined ? {} : { peer }) })
    waiting?.span.end()
    whole.span.setAttributes({ outcome })
    // Other relays may still be dialled; their spans belong into this one.
    if (outcome !== 'stopped') await Promise.race([Promise.allSettled(running), pause(lastStepsMs)])
    whole.span.end()
  }
  const timer = setTimeout(() => void end('timed-out'), limitMs)

  const changed = (): void => {
    const peer = isOver ? undefined : find()
    if (peer !== undefined) void end('direct-peer', peer)
  }

  return {
    run(step, signal, work, about) {
      if (isOver) return untracedSteps.run(step, signal, work)
      const result = whole.detached(signal).run(step, work, about)
      running.add(result)
      const ended = (): void => void running.delete(result)
      result.then(ended, ended)
      return result
    },
    waitFor(found) {
      if (isOver) return
      find = found
      waiting = whole.start('first_direct_peer')
      changed()
    },
    changed,
    stop: () => void end('stopped'),
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
