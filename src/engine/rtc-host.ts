import type { ConnectionId, ToPage, ToWorker } from '../../workers/contract/rtc.ts'
import { type HostedConnection, hostConnection } from './rtc-connection.ts'
import { createConnectionCount, UNCOLLECTED_LIMIT } from './rtc-count.ts'

/**
 * The page's side of the engine's WebRTC: owns the RTCPeerConnections that a worker cannot have, does on them what the
 * worker's shim asks, and hands their data channels to the worker: transferred, or where the browser refuses that,
 * message by message.
 *
 * Guarantees: what happens on a connection reaches the worker in order. Every connection is held until it is closed and
 * freed then. All are closed, so that peers notice at once, when the page is left, when `close` is called, when the worker
 * says that it is done, and when the worker ends; the last is seen only in secure contexts, where Web Locks are.
 * It does not restart ICE and does not guard against what the worker sends: the worker is our own.
 */
export interface RtcHost {
  /** RTCPeerConnections made by this host so far. */
  connectionsMade(): number
  /** Connections made by this host that the browser has not collected yet; the limit is on these. */
  uncollectedConnections(): number
  /** Connections that are open now. */
  openConnections(): number
  /** Closes every connection and the port; idempotent. */
  close(): void
}

export interface RtcHostOptions {
  /** Uncollected connections from which on a new one is refused as `TooManyConnections`. */
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
      // Chrome names its own limit so: connections of other frames, or of this page before it was reloaded.
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
  // A tab that goes without closing its connections is noticed by its peers only after ten seconds or more.
  globalThis.addEventListener('pagehide', () => endAll('The page was left.'), { signal: alive.signal })

  return {
    connectionsMade: () => count.current().made,
    uncollectedConnections: () => count.current().uncollected,
    openConnections: () => hostedById.size,
    close,
  }
}

/** No browser but the newest shows on a port that its other end is gone; a lock that the worker held is released then. */
const closeWhenReleased = (lock: string, signal: AbortSignal, close: () => void) => {
  navigator.locks?.request(lock, { signal }, close).catch(() => {})
}
