import type { Operation } from '../telemetry/operation.ts'
/**
 * Asks several peers the same thing at once. A peer that fails is replaced at once, and while any of them is slow one
 * more is asked every now and then (hedging), up to all of `peers`.
 *
 * Resolves when as many answered as were asked at first, when an answer is enough by itself, when nobody is left, or
 * when the operation is cancelled, whichever comes first; never rejects. Peers that have not answered by then are not told: what
 * they still say comes too late to be counted, and is good all the same.
 */
export interface FanOut {
  /** Peers that were asked. */
  readonly asked: number
  readonly answered: number
}

export type Outcome = 'answered' | 'enough' | 'failed'

export interface FanOutOptions {
  /** Peers asked at first, and answers that are wanted. */
  readonly width: number
  /** One more peer is asked each time this has passed, ms. */
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
