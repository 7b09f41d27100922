import { toHex } from '../protocol/ids.ts'

/** Bytes that are here, and peers that sent some. */
export type OnProgress = (bytes: number, sources: number) => void

/** Brings the content of `root` here; resolves with the bytes that came. */
export type Fetch = (root: Uint8Array, signal: AbortSignal, onProgress: OnProgress) => Promise<number>

interface Flight {
  result: Promise<number>
  listeners: Set<OnProgress>
  /** Ends the fetch; done when the last who wanted it has left. */
  controller: AbortController
  wanted: number
}

/**
 * Several who want one content at a time share one fetch. Each may leave by its own signal; the fetch ends when all
 * have left. Everyone who stayed is told of progress and of the end, with the bytes that came during the fetch.
 */
export const createSharedFetch = (fetch: Fetch): Fetch => {
  const flightByRoot = new Map<string, Flight>()

  const begin = (key: string, root: Uint8Array): Flight => {
    const controller = new AbortController()
    const listeners = new Set<OnProgress>()
    const onProgress: OnProgress = (bytes, sources) => {
      for (const listener of listeners) listener(bytes, sources)
    }
    const flight: Flight = {
      ...{ controller, listeners, wanted: 0 },
      result: fetch(root, controller.signal, onProgress).finally(() => {
        if (flightByRoot.get(key) === flight) flightByRoot.delete(key)
      }),
    }
    flight.result.catch(() => {})
    flightByRoot.set(key, flight)
    return flight
  }

  return async (root, signal, onProgress) => {
    signal.throwIfAborted()
    const key = toHex(root)
    const flight = flightByRoot.get(key) ?? begin(key, root)
    flight.wanted += 1
    flight.listeners.add(onProgress)
    const left = Promise.withResolvers<never>()
    const leave = (): void => left.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([flight.result, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      flight.listeners.delete(onProgress)
      flight.wanted -= 1
      if (flight.wanted === 0) {
        // Who comes now begins anew instead of joining what is ending.
        if (flightByRoot.get(key) === flight) flightByRoot.delete(key)
        flight.controller.abort(signal.reason)
      }
    }
  }
}
