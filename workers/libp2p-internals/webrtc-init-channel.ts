import { internalsOf } from './internals.ts'

/**
 * A way around a race in `@libp2p/webrtc` 6.0.33, which loses every third dial between busy machines to its timeout.
 *
 * The dialling side opens a channel `init`, adds the candidates that the other side sends, then waits for the channel's
 * `open`, closes it, and waits for its `close`. But the other side closes the channel, too, as soon as it is connected
 * itself. When that happens while a candidate is being added, `open` and `close` have both gone by, and the dialling
 * side waits for them until it is timed out.
 *
 * Here the channel `init` says again what it has said: who asks for `open` after it was open, or for `close` after it
 * was closed, is reported at once. One that was closed without having been open has failed: a listener for `open` gets `error`.
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
 * Changes the class of connections for good; a second call changes nothing. Before the transport is imported: it reads
 * the class when it is evaluated.
 * @throws InternalsChanged without such a class.
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
 * The class that the WebRTC transport will use, the page's or the shim's.
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
