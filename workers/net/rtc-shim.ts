import type { ConnectionCounts, ConnectionId, ToWorker } from '../contract/rtc.ts'
import { type ConnectionReceiver, createPeerConnectionClass, type RtcLink } from './rtc-peer-connection.ts'
import { IceCandidate, SessionDescription } from './rtc-signalling.ts'

/**
 * The worker's side of WebRTC: puts RTCPeerConnection, RTCSessionDescription and RTCIceCandidate on `globalThis`, over
 * connections that the page owns. `@libp2p/webrtc` reads the three globals when it is evaluated, so install the shim
 * before importing it.
 *
 * Guarantees: `createDataChannel` returns a channel at once; messages of a channel arrive completely, in order, and
 * after its `open`; a connection fails at once when its peer closes it or the page is gone, and within some 13 seconds
 * when its peer vanishes (eight until the browser reports `disconnected`, then five). Data sent on a connection that
 * then fails may be lost.
 */
export interface RtcShim {
  /** How the newest data channel reached this worker; before the first one, the requested way. */
  channelPath(): 'transfer' | 'message'
  /** RTCPeerConnections that the page has made, and those not yet garbage-collected, to which the limit applies. */
  connections(): ConnectionCounts
  /** The number of open connections. */
  openConnections(): number
  /** Closes every connection, takes the globals away and closes the port; idempotent. */
  close(): void
}

export interface RtcShimOptions {
  /** If false, the page keeps the channels and forwards their messages. */
  transfer: boolean
}

export const installRtcShim = (port: MessagePort, options: RtcShimOptions): RtcShim => {
  const receivers = new Map<ConnectionId, ConnectionReceiver>()
  let counts: ConnectionCounts = { made: 0, uncollected: 0, limit: Number.POSITIVE_INFINITY }
  let path: 'transfer' | 'message' = options.transfer ? 'transfer' : 'message'
  let nextConnection: ConnectionId = 1
  const closed = new AbortController()

  const link: RtcLink = {
    transfer: options.transfer,
    post: (message, transfer = []) => port.postMessage(message, transfer),
    register(receiver) {
      if (closed.signal.aborted) throw new DOMException('WebRTC is shut down.', 'InvalidStateError')
      const id = nextConnection
      nextConnection += 1
      receivers.set(id, receiver)
      return id
    },
    forget: (id) => receivers.delete(id),
    onChannelPath(newest) {
      path = newest
    },
  }

  const close = () => {
    if (closed.signal.aborted) return
    closed.abort()
    for (const receiver of [...receivers.values()]) receiver.fail('The page’s WebRTC connections are gone.')
    restore()
    link.post({ kind: 'goodbye' })
    port.close()
  }

  port.onmessage = ({ data: message }: MessageEvent<ToWorker>) => {
    if (message.kind === 'counts') counts = message.counts
    else if (message.kind === 'goodbye') close()
    else receivers.get(message.connection)?.receive(message)
  }
  holdLivenessLock(closed.signal, (lock) => link.post({ kind: 'alive', lock }))

  const restore = replaceGlobals({
    RTCPeerConnection: createPeerConnectionClass(link),
    RTCSessionDescription: SessionDescription,
    RTCIceCandidate: IceCandidate,
  })

  return { channelPath: () => path, connections: () => counts, openConnections: () => receivers.size, close }
}

/** Holds a Web Lock while this worker lives. The page requests the same lock and gets it when the worker ends. */
const holdLivenessLock = (closed: AbortSignal, announce: (lock: string) => void) => {
  const lock = `rtc-${crypto.randomUUID()}`
  const held = () =>
    new Promise<void>((release) => {
      closed.addEventListener('abort', () => release(), { once: true })
      if (!closed.aborted) announce(lock)
    })
  navigator.locks?.request(lock, held).catch(() => {})
}

/** Defines globals; returns its undo. */
const replaceGlobals = (values: Record<string, unknown>): (() => void) => {
  const before = Object.keys(values).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name)
      else Object.defineProperty(globalThis, name, descriptor)
    }
  }
}
