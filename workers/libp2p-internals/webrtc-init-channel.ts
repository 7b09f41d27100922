import { internalsOf } from './internals.ts'

/**
 * A workaround for a race in `@libp2p/webrtc` 6.0.33, which loses every third dial between busy machines to its timeout.
 *
 * The dialling side opens a channel `init`, adds the candidates from the other side, then waits for the channel's `open`,
 * closes it and waits for its `close`. But the other side also closes the channel as soon as it is connected. If that
 * happens while a candidate is being added, both events are over, and the dialling side waits for them until its timeout.
 *
 * This makes the channel `init` repeat its events: a listener for `open` on an opened channel, or for `close` on a closed
 * one, is called at once. On a channel that closed without opening, a listener for `open` causes `error`.
 */

interface ChannelLike extends EventTarget {
  readonly readyState: string
}

interface ConnectionClass {
  prototype: { createDataChannel(label: string, options?: unknown): ChannelLike }
}

const initLabel = 'init'

const patched = new WeakSet<object>()

/**
 * Patches the connection class permanently; a second call has no effect. Call it before importing the transport, which
 * reads the class on evaluation.
 * @throws InternalsChanged if the class is missing.
 */
export const repeatInitEvents = (connections = connectionClass()): void => {
  const { prototype } = connections
  if (patched.has(prototype)) return
  patched.add(prototype)
  const { createDataChannel } = prototype

  prototype.createDataChannel = function (label, options) {
    const channel = createDataChannel.call(this, label, options)
    if (label === initLabel) repeat(channel)
    return channel
  }
}

/**
 * The class that the WebRTC transport uses, the page's or the shim's.
 * @throws InternalsChanged
 */
const connectionClass = (): ConnectionClass =>
  internals({ RTCPeerConnection: Reflect.get(globalThis, 'RTCPeerConnection') }).RTCPeerConnection

const internals = internalsOf<{ readonly RTCPeerConnection: ConnectionClass }>('@libp2p/webrtc', {
  'RTCPeerConnection.prototype.createDataChannel': 'function',
})

const repeat = (channel: ChannelLike): void => {
  const listen = channel.addEventListener.bind(channel)
  let wasOpen = channel.readyState === 'open'
  listen('open', () => {
    wasOpen = true
  })
  channel.addEventListener = (type, listener, options) => {
    listen(type, listener, options)
    const missed = missedEvent(type, channel.readyState, wasOpen)
    if (missed !== undefined) queueMicrotask(() => channel.dispatchEvent(new Event(missed)))
  }
}

const missedEvent = (type: string, state: string, wasOpen: boolean): string | undefined => {
  if (type === 'close') return state === 'closed' ? 'close' : undefined
  if (type !== 'open' || (state !== 'closing' && state !== 'closed')) return undefined
  return wasOpen ? 'open' : 'error'
}
