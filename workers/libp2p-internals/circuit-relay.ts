import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { PeerId, Stream, Transport } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** The reservation store of the relay transport. */
export interface ReservationStore {
  /** Reserves at a relay, or returns the existing reservation. */
  addRelay(relay: PeerId, type: 'discovered'): Promise<unknown>
}

interface Internals {
  readonly reservationStore: ReservationStore
}

const internals = internalsOf<Internals>('@libp2p/circuit-relay-v2', { 'reservationStore.addRelay': 'function' })

/** @throws InternalsChanged */
export const reservationStore = (transport: Transport): ReservationStore => internals(transport).reservationStore

/**
 * Whether the store rejects a relay until it has another listener without a reservation: the relay failed before, or all
 * listeners have a reservation. The first of these errors has no distinct name.
 */
export const isRefusedUntilNextListener = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'HadEnoughRelaysError' || error.message === 'The relay was previously invalid')

interface ServerInternals {
  handleReserve(request: HopRequest, options: object): Promise<void>
  handleConnect(request: HopRequest, options: object): Promise<void>
  /** Opens the stream to the other peer; undefined when that refuses. */
  stopHop(request: { connection: { remotePeer: PeerId } }, options: object): Promise<Stream | undefined>
}

interface HopRequest {
  readonly connection: { readonly remotePeer: PeerId }
}

const serverInternals = internalsOf<ServerInternals>('@libp2p/circuit-relay-v2', {
  handleReserve: 'function',
  handleConnect: 'function',
  stopHop: 'function',
})

export type HopOutcome = 'ok' | 'refused' | 'failed'

/** What a relay server does for its peers. */
export interface HopWatcher {
  /** Called when the server starts on a request; the function it returns, when the request has been answered. */
  onReserve(peer: string): (outcome: HopOutcome) => void
  onConnect(from: string): (outcome: HopOutcome, to: string | undefined) => void
  /** A relayed connection was opened; the function it returns is called when it has closed. */
  onOpen(): () => void
  /** Bytes of a relayed connection, in either direction. */
  onBytes(count: number): void
}

/** @throws InternalsChanged */
export const watchHops = (service: CircuitRelayService, watcher: HopWatcher): void => {
  const server = serverInternals(service)
  const reserve = server.handleReserve.bind(server)
  const connect = server.handleConnect.bind(server)
  const stopHop = server.stopHop.bind(server)
  /** By the options object that belongs to one request. */
  const opened = new WeakMap<object, { to: string; isOpen: boolean }>()

  server.handleReserve = async (request, options) => {
    const { remotePeer } = request.connection
    const done = watcher.onReserve(remotePeer.toString())
    try {
      await reserve(request, options)
      // The library renews every reservation that exists, and removes it when the peer could not be told.
      done(service.reservations.has(remotePeer) ? 'ok' : 'refused')
    } catch (error) {
      done('failed')
      throw error
    }
  }

  server.handleConnect = async (request, options) => {
    const done = watcher.onConnect(request.connection.remotePeer.toString())
    try {
      await connect(request, options)
      const end = opened.get(options)
      done(end?.isOpen === true ? 'ok' : 'refused', end?.to)
    } catch (error) {
      done('failed', opened.get(options)?.to)
      throw error
    }
  }

  server.stopHop = async (request, options) => {
    const to = request.connection.remotePeer.toString()
    opened.set(options, { to, isOpen: false })
    const stream = await stopHop(request, options)
    if (stream === undefined) return undefined
    opened.set(options, { to, isOpen: true })
    countBytes(stream, watcher.onBytes)
    stream.addEventListener('close', watcher.onOpen(), { once: true })
    return stream
  }
}

/** Wraps both ways instead of listening: the first listener for messages makes a stream drop what others wait for. */
const countBytes = (stream: Stream, onBytes: (count: number) => void): void => {
  const send = stream.send.bind(stream)
  const dispatchEvent = stream.dispatchEvent.bind(stream)
  stream.send = (bytes) => {
    onBytes(bytes.byteLength)
    return send(bytes)
  }
  stream.dispatchEvent = (event: Event) => {
    if (event.type === 'message') onBytes(Number(Reflect.get(Object(Reflect.get(event, 'data')), 'byteLength')))
    return dispatchEvent(event)
  }
}
