import type { ConnectionId, ToPage, ToWorker } from '../../workers/contract/rtc.ts'
import { type HostedConnection, hostConnection } from './rtc-connection.ts'
import { createConnectionCount, UNCOLLECTED_LIMIT } from './rtc-count.ts'

/**
 * Page side of the engine's WebRTC: owns the RTCPeerConnections, which workers cannot create, executes the calls of the
 * worker's shim, and hands data channels to the worker: transferred, or message by message where the browser cannot
 * transfer them.
 *
 * Guarantees: the worker receives the events of a connection in order. Each connection is held until closed, and then
 * released. All connections are closed, so that peers notice immediately, when the user leaves the page, on `close`,
 * and when the worker finishes or ends; the last is detected only in secure contexts, which have Web Locks. Does not
 * restart ICE and does not validate messages of the worker, which is trusted.
 */
export interface RtcHost {
  /** RTCPeerConnections created by this host so far. */
  connectionsMade(): number
  /** Connections of this host that the browser has not garbage-collected; the limit applies to these. */
  uncollectedConnections(): number
  /** Open connections. */
  openConnections(): number
  /** Closes every connection and the port; idempotent. */
  close(): void
}

export interface RtcHostOptions {
  /** Uncollected connections at which a new one is refused with `TooManyConnections`. */
  maxConnections?: number
}

export const createRtcHost = (port: MessagePort, options: RtcHostOptions = {}): RtcHost => {
  const hostedById = new Map<ConnectionId, HostedConnection>()
  const alive = new AbortController()
  const post = (message: ToWorker, transfer: Transferable[] = []) => port.postMessage(message, transfer)

  let countsDue = false
  const postCounts = () => {
    if (countsDue) return
    countsDue = true
    // The browser reports collected connections one by one.
    queueMicrotask(() => {
      countsDue = false
      post({ kind: 'counts', counts: count.current() })
    })
  }
  const count = createConnectionCount(options.maxConnections ?? UNCOLLECTED_LIMIT, postCounts)

  const create = ({ connection: id, configuration, transfer }: Extract<ToPage, { kind: 'create' }>) => {
    const refuse = (name: string, message: string) => post({ kind: 'refused', connection: id, name, message })
    count.encourageCollection(hostedById.size)
    const { uncollected, limit } = count.current()
    if (uncollected >= limit)
      return refuse('TooManyConnections', `This tab has ${uncollected} WebRTC connections, closed ones included.`)
    try {
      const hosted = hostConnection(id, configuration, transfer, post)
      count.add(hosted.connection)
      hostedById.set(id, hosted)
    } catch (error) {
      // Chrome reports its own limit as UnknownError; connections of other frames and from before a reload count too.
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      refuse(name === 'UnknownError' ? 'TooManyConnections' : name, message)
    }
    postCounts()
  }

  const endAll = (reason: string) => {
    for (const hosted of hostedById.values()) hosted.end(reason)
    hostedById.clear()
  }

  const close = () => {
    if (alive.signal.aborted) return
    alive.abort()
    endAll('The page closed its WebRTC connections.')
    post({ kind: 'goodbye' })
    port.close()
  }

  port.onmessage = ({ data: message }: MessageEvent<ToPage>) => {
    switch (message.kind) {
      case 'alive':
        closeWhenReleased(message.lock, alive.signal, close)
        break
      case 'goodbye':
        close()
        break
      case 'create':
        create(message)
        break
      case 'close':
        hostedById.get(message.connection)?.close()
        hostedById.delete(message.connection)
        break
      default:
        hostedById.get(message.connection)?.handle(message)
    }
  }
  // Peers need ten seconds or more to notice a tab that leaves its connections open.
  globalThis.addEventListener('pagehide', () => endAll('The page was left.'), { signal: alive.signal })

  return {
    connectionsMade: () => count.current().made,
    uncollectedConnections: () => count.current().uncollected,
    openConnections: () => hostedById.size,
    close,
  }
}

/**
 * Only the newest browsers report on a port that the other end is gone; the worker's lock is released in all of them.
 */
const closeWhenReleased = (lock: string, signal: AbortSignal, close: () => void) => {
  navigator.locks?.request(lock, { signal }, close).catch(() => {})
}
