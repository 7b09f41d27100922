import type { ConnectionCounts, ConnectionId, ToWorker } from '../contract/rtc.ts'
import { type ConnectionReceiver, createPeerConnectionClass, type RtcLink } from './rtc-peer-connection.ts'
import { IceCandidate, SessionDescription } from './rtc-signalling.ts'

/**
 * The worker's side of WebRTC: puts RTCPeerConnection, RTCSessionDescription and RTCIceCandidate on `globalThis`, over
 * connections that the page owns. `@libp2p/webrtc` reads the three when it is evaluated, so this is called first and
 * whatever imports that package is imported after.
 *
 * Guarantees: `createDataChannel` gives a channel at once; messages of a channel arrive unlost and in order, and after
 * its `open`; a connection whose peer closed it, or whose page is gone, fails at once, and one whose peer vanished
 * within some 13 seconds (eight until the browser says `disconnected`, five more). It does not keep data that was sent on a connection which then fails.
 */
export interface RtcShim {
  /** How the newest data channel came to this worker; before the first one, how they are to come. */
  channelPath(): 'transfer' | 'message'
  /** RTCPeerConnections that the page made so far, and those that its browser has not collected; the limit is on these. */
  connections(): ConnectionCounts
  /** Connections that are open now. */
  openConnections(): number
  /** Closes every connection, takes the globals away and closes the port; idempotent. */
  close(): void
}

export interface RtcShimOptions {
  /** False asks the page to keep the channels and to pass their messages. */
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
    channelCame(newest) {
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
  showAlive(closed.signal, (lock) => link.post({ kind: 'alive', lock }))

  const restore = replaceGlobals({
    RTCPeerConnection: createPeerConnectionClass(link),
    RTCSessionDescription: SessionDescription,
    RTCIceCandidate: IceCandidate,
  })

  return { channelPath: () => path, connections: () => counts, openConnections: () => receivers.size, close }
}

/** Holds a Web Lock as long as this worker lives: the page asks for it, and has it when the worker is no more. */
const showAlive = (closed: AbortSignal, tell: (lock: string) => void) => {
  const lock = `rtc-${crypto.randomUUID()}`
  const held = () =>
    new Promise<void>((release) => {
      closed.addEventListener('abort', () => release(), { once: true })
      if (!closed.aborted) tell(lock)
    })
  navigator.locks?.request(lock, held).catch(() => {})
}

/** Returns its undo. */
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
