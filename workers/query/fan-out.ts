import type { Operation } from '../telemetry/operation.ts'
/**
 * Sends one query to several peers at once. Replaces a failed peer immediately and, while any peer is slow, adds one more
 * at intervals (hedging), up to all of `peers`.
 *
 * Resolves with the requested number of answers, with a sufficient answer, when no peer is left, or when the operation is
 * cancelled, whichever is first; never rejects. Does not cancel pending peers: later answers are not counted but still
 * useful.
 */
export interface FanOut {
  /** Number of peers asked. */
  readonly asked: number
  readonly answered: number
}

export type Outcome = 'answered' | 'enough' | 'failed'

export interface FanOutOptions {
  /** Peers asked at first, and the number of answers requested. */
  readonly width: number
  /** Interval between additional peers (ms). */
  readonly hedgeMs: number
  readonly operation: Operation
}

/** @param peers best first. @param ask must not reject, and must settle by itself. */
export const fanOut = (
  peers: readonly string[],
  ask: (peer: string) => Promise<Outcome>,
  { width, hedgeMs, operation }: FanOutOptions,
): Promise<FanOut> =>
  new Promise((resolve) => {
    const { signal } = operation
    const wanted = Math.min(width, peers.length)
    let [asked, answered, running] = [0, 0, 0]
    let finished = false

    const finish = (): void => {
      finished = true
      clearInterval(hedge)
      signal.removeEventListener('abort', finish)
      resolve({ asked, answered })
    }
    const askNext = (): void => {
      const peer = peers[asked]
      if (peer === undefined || finished) return
      asked += 1
      running += 1
      void ask(peer).then((outcome) => {
        running -= 1
        if (finished) return
        if (outcome === 'failed') askNext()
        else answered += 1
        if (outcome === 'enough' || answered >= wanted || running === 0) finish()
      })
    }

    const hedge = setInterval(askNext, hedgeMs)
    signal.addEventListener('abort', finish)
    if (signal.aborted || wanted === 0) return finish()
    for (let n = 0; n < wanted; n += 1) askNext()
  })
