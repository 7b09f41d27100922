import type { Metrics, Stream, StreamMessageEvent } from '@libp2p/interface'
import type { TrafficProtocol } from '../contract/sample-columns.ts'
import { KAD_PROTOCOL, PIECE_PROTOCOL, QUERY_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import type { Direction, Traffic } from './traffic.ts'

/**
 * libp2p's hook for metrics, which counts the bytes on the streams of this node once their protocol is negotiated. Bytes
 * of the transports are not counted, so WebRTC and WebSockets count alike and nothing counts twice. Metrics that libp2p
 * registers are ignored.
 *
 * @param peerOf The peer of a stream; undefined while its connection is unknown.
 */
export const countStreams = (
  traffic: Pick<Traffic, 'count'>,
  peerOf: (stream: Stream) => string | undefined,
): Metrics => ({
  trackMultiaddrConnection() {},
  trackProtocolStream(stream) {
    const protocol = trafficProtocolOf(stream.protocol)
    let peer: string | undefined
    // What follows the first message each way of a circuit is another connection, whose streams are counted.
    const isCircuit = stream.protocol.startsWith(circuitPrefix)
    const counted = { in: false, out: false }
    const count = (direction: Direction, bytes: number): void => {
      if (isCircuit && counted[direction]) return
      counted[direction] = true
      peer ??= peerOf(stream)
      traffic.count(direction, protocol, peer, bytes)
    }

    // A listener of `message` would consume buffered data before the protocol's own listener.
    const dispatchEvent = stream.dispatchEvent.bind(stream)
    stream.dispatchEvent = (event) => {
      if (event.type === 'message') count('in', (event as StreamMessageEvent).data.byteLength)
      return dispatchEvent(event)
    }
    const send = stream.send.bind(stream)
    stream.send = (data) => {
      // Sending empties a list of chunks.
      const bytes = data.byteLength
      const hasRoom = send(data)
      count('out', bytes)
      return hasRoom
    }
  },
  ...inertRegistrations,
})

const circuitPrefix = '/libp2p/circuit/relay/'

const prefixes: readonly (readonly [prefix: string, protocol: TrafficProtocol])[] = [
  [PIECE_PROTOCOL, 'piece'],
  [SYNC_PROTOCOL, 'sync'],
  [QUERY_PROTOCOL, 'query'],
  [KAD_PROTOCOL, 'dht'],
  ['/meshsub', 'gossip'],
  [circuitPrefix, 'relay'],
  ['/webrtc-signaling', 'relay'],
].map(([id = '', protocol]) => [id.replace(/\d+\.\d+\.\d+$/, ''), protocol as TrafficProtocol])

/** The class of a protocol id, of any version. */
export const trafficProtocolOf = (id: string): TrafficProtocol =>
  prefixes.find(([prefix]) => id.startsWith(prefix))?.[1] ?? 'other'

const nothing = (): void => {}

/** Satisfies every kind of metric that libp2p registers. */
const inert = {
  update: nothing,
  increment: nothing,
  decrement: nothing,
  reset: nothing,
  observe: nothing,
  timer: () => nothing,
}

const register = (): typeof inert => inert

const inertRegistrations = {
  registerMetric: register,
  registerMetricGroup: register,
  registerCounter: register,
  registerCounterGroup: register,
  registerHistogram: register,
  registerHistogramGroup: register,
  registerSummary: register,
  registerSummaryGroup: register,
  traceFunction: <Traced>(_: string, traced: Traced): Traced => traced,
  createTrace: nothing,
}
