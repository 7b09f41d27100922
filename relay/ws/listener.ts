import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type ComponentLogger,
  type Listener,
  type ListenerEvents,
  TypedEventEmitter,
  type Upgrader,
} from '@libp2p/interface'
import { getNetConfig, getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { type WebSocket, WebSocketServer } from 'ws'
import { createAdmission, type Permit } from '../admission.ts'
import { createWebSocketConnection } from './connection.ts'
import * as limits from './limits.ts'

export interface ListenerOptions {
  upgrader: Upgrader
  logger: ComponentLogger
  /** Called for failures of the listening socket, such as running out of file descriptors. It continues to listen. */
  onError(error: Error): void
  onListening?(port: number): void
  handshakeTimeoutMs?: number
}

/** Two of these are missing from the types of ws. */
const webSocketOptions = {
  noServer: true,
  clientTracking: true,
  // A compressed message of 256 KiB could expand to far more.
  perMessageDeflate: false,
  maxPayload: limits.maxMessageBytes,
  maxFragments: limits.maxFragments,
  maxBufferedChunks: limits.maxBufferedChunks,
  maxPendingAutoPongs: limits.maxPendingPongs,
  closeTimeout: limits.closingTimeoutMs,
}

/**
 * Accepts WebSockets from strangers for libp2p.
 *
 * Replaces the listener of `@libp2p/websockets` 10.1.21, which leaves sockets without an `error` listener (one bad frame
 * ends the process), accepts messages of 100 MiB, does not limit connections that never finish their handshake, and
 * stops listening for server errors once it is up.
 *
 * A connection has `handshakeTimeoutMs` to become a libp2p connection and holds a permit until then; after that libp2p's
 * own limits apply. The listener speaks plain HTTP: TLS belongs to a proxy in front of it.
 */
export const createListener = (options: ListenerOptions): Listener => new WebSocketListener(options)

/** A class because libp2p's listeners are event targets. */
class WebSocketListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  #options: ListenerOptions
  #admission = createAdmission(limits.unfinished)
  /** Holds every open socket, also those with a finished handshake. */
  #permits = new Map<Duplex, Permit>()
  #shutdown = new AbortController()
  #address: Multiaddr | undefined
  #http: Server
  #webSockets = new WebSocketServer(webSocketOptions)

  constructor(options: ListenerOptions) {
    super()
    this.#options = options
    this.#http = createServer((request, response) => {
      request.on('error', () => {})
      response.on('error', () => {})
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
      response.end('This port accepts WebSockets only.\n')
    })
    this.#http.on('connection', (socket) => this.#admit(socket))
    this.#http.on('clientError', (_error, socket) => socket.destroy())
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#webSockets.on('error', (error) => options.onError(error))
    // Answering refused handshakes here lets the socket end with the response.
    this.#webSockets.on('wsClientError', (_error, socket) => refuse(socket))
  }

  async listen(address: Multiaddr): Promise<void> {
    const { host, port, type } = getNetConfig(address)
    const listening = Promise.withResolvers<void>()
    this.#http.once('error', listening.reject)
    this.#http.listen({ host, port: port ?? 0, ipv6Only: type === 'ip6' }, listening.resolve)
    await listening.promise
    this.#http.off('error', listening.reject)
    this.#http.on('error', (error) => this.#options.onError(error))
    this.#address = address
    const bound = this.#http.address()
    if (bound !== null && typeof bound !== 'string') this.#options.onListening?.(bound.port)
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    const bound = this.#http.address()
    if (this.#address === undefined || bound === null || typeof bound === 'string') return []
    return getThinWaistAddresses(this.#address, bound.port).map((address) => address.encapsulate('/ws'))
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#http.close(resolve))
    for (const socket of this.#permits.keys()) socket.destroy()
    this.#webSockets.close()
    this.#shutdown.abort()
    await closed
    this.safeDispatchEvent('close')
  }

  /** Bounds the connection in time and the number of such connections. */
  #admit(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    const end = (): void => void socket.destroy()
    const permit = this.#admission.admit(socket.remoteAddress ?? '', end)
    const deadline = setTimeout(end, this.#options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs)
    const release = (): void => {
      clearTimeout(deadline)
      permit.release()
    }
    this.#permits.set(socket, { release })
    socket.once('close', () => {
      release()
      this.#permits.delete(socket)
    })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress = '0.0.0.0', remotePort = 0 } = request.socket
    const remoteAddr = ipPortToMultiaddr(remoteAddress, remotePort).encapsulate('/ws')
    this.#webSockets.handleUpgrade(request, socket, head, (accepted) => {
      this.#accept(accepted, remoteAddr)
        // libp2p owns the connection now.
        .then(() => this.#permits.get(socket)?.release())
        .catch(() => accepted.terminate())
    })
  }

  async #accept(socket: WebSocket, remoteAddr: Multiaddr): Promise<void> {
    const { logger, upgrader } = this.#options
    const connection = createWebSocketConnection(socket, {
      remoteAddr,
      log: logger.forComponent('libp2p:websockets:connection'),
    })
    await upgrader.upgradeInbound(connection, { signal: this.#shutdown.signal })
  }
}

const refuse = (socket: Duplex): void => {
  socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}
