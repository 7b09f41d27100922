import { toHex } from '../protocol/ids.ts'
import type { Operation } from '../telemetry/operation.ts'

/** Bytes present, peers that sent some, and whether all open requests go through relays. */
export type OnProgress = (bytes: number, sources: number, relayed: boolean) => void

/** A content, with its size and file count from the signed release. */
export interface WantedContent {
  readonly root: Uint8Array
  readonly size: number
  readonly fileCount: number
}

/** Fetches a content; resolves with the bytes received. */
export type Fetch = (wanted: WantedContent, operation: Operation, onProgress: OnProgress) => Promise<number>

interface Flight {
  result: Promise<number>
  listeners: Set<OnProgress>
  /** Aborts the fetch when its last caller has cancelled. */
  controller: AbortController
  wanted: number
}

/**
 * Shares one fetch among concurrent callers for one content. The fetch runs in the operation of the first caller. A
 * caller leaves by cancelling its own operation; the fetch is aborted when all have left. The others receive progress
 * and the result, with the bytes received during the fetch.
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
    // Callers with other expectations of the same root do not share its fetch, and fail on their own.
    const key = `${toHex(wanted.root)}:${wanted.size}:${wanted.fileCount}`
    const flight = flightByKey.get(key) ?? begin(key, wanted, operation)
    flight.wanted += 1
    flight.listeners.add(onProgress)
    const left = Promise.withResolvers<never>()
    const abort = (): void => left.reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([flight.result, left.promise])
    } finally {
      signal.removeEventListener('abort', abort)
      flight.listeners.delete(onProgress)
      flight.wanted -= 1
      if (flight.wanted === 0) {
        // New callers start a new fetch instead of joining an aborted one.
        if (flightByKey.get(key) === flight) flightByKey.delete(key)
        flight.controller.abort(signal.reason)
      }
    }
  }
}
