import { toHex } from '../protocol/ids.ts'
import type { Operation } from '../telemetry/operation.ts'

/** Bytes that are here, peers that sent some, and whether all that is asked for comes through a relay. */
export type OnProgress = (bytes: number, sources: number, relayed: boolean) => void

/** A content, and what the signed release says of it. */
export interface WantedContent {
  readonly root: Uint8Array
  readonly size: number
  readonly fileCount: number
}

/** Brings a content here; resolves with the bytes that came. */
export type Fetch = (wanted: WantedContent, operation: Operation, onProgress: OnProgress) => Promise<number>

interface Flight {
  result: Promise<number>
  listeners: Set<OnProgress>
  /** Ends the fetch; done when the last who wanted it has left. */
  controller: AbortController
  wanted: number
}

/**
 * Several who want one content at a time share one fetch. Each may leave by cancelling its own operation; the fetch runs in that of the first,
 * and ends when all
 * have left. Everyone who stayed is told of progress and of the end, with the bytes that came during the fetch.
 */
export const createSharedFetch = (fetch: Fetch): Fetch => {
  const flightByKey = new Map<string, Flight>()

  const begin = (key: string, wanted: WantedContent, operation: Operation): Flight => {
    const controller = new AbortController()
    const listeners = new Set<OnProgress>()
    const onProgress: OnProgress = (...progress) => {
      for (const listener of listeners) listener(...progress)
    }
    const flight: Flight = {
      controller,
      listeners,
      wanted: 0,
      result: fetch(wanted, operation.detached(controller.signal), onProgress).finally(() => {
        if (flightByKey.get(key) === flight) flightByKey.delete(key)
      }),
    }
    flight.result.catch(() => {})
    flightByKey.set(key, flight)
    return flight
  }

  return async (wanted, operation, onProgress) => {
    const { signal } = operation
    signal.throwIfAborted()
    // Who expects something else of the same root is refused on its own.
    const key = `${toHex(wanted.root)}:${wanted.size}:${wanted.fileCount}`
    const flight = flightByKey.get(key) ?? begin(key, wanted, operation)
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
        if (flightByKey.get(key) === flight) flightByKey.delete(key)
        flight.controller.abort(signal.reason)
      }
    }
  }
}
