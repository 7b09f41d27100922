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
import { createAdmission, type Place } from '../admission.ts'
import { createWebSocketConnection } from './connection.ts'
import * as limits from './limits.ts'

export interface ListenerOptions {
  upgrader: Upgrader
  logger: ComponentLogger
  /** A failure of the listening socket itself, such as no file descriptor being left. It keeps listening. */
  onError(error: Error): void
  onListening?(port: number): void
  handshakeTimeoutMs?: number
}

/** Two of them are newer than the library's types. */
const webSocketOptions = {
  noServer: true,
  clientTracking: true,
  // Compression would let 256 KiB stand for much more.
  perMessageDeflate: false,
  maxPayload: limits.maxMessageBytes,
  maxFragments: limits.maxFragments,
  maxBufferedChunks: limits.maxBufferedChunks,
  maxPendingAutoPongs: limits.maxPendingPongs,
  closeTimeout: limits.closingTimeoutMs,
}

/**
 * Takes WebSockets from strangers and hands them to libp2p.
 *
 * In place of the listener of `@libp2p/websockets` 10.1.21, which leaves the socket without an `error` listener (one
 * bad frame ends the process), takes messages of 100 MiB, puts no limit on connections that never finish their
 * handshake, and no longer listens for errors of the server once it is up.
 *
 * A connection has `handshakeTimeoutMs` to become a libp2p connection and holds a place until then. After that libp2p's
 * own limits hold. It speaks plain HTTP: TLS is for a proxy in front of it.
 */
export const createListener = (options: ListenerOptions): Listener => new WebSocketListener(options)

/** A class because libp2p's listeners are event targets. */
class WebSocketListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  #options: ListenerOptions
  #admission = createAdmission(limits.unfinished)
  /** Of every open socket, those with a finished handshake among them. */
  #places = new Map<Duplex, Place>()
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
      response.end('This is for WebSockets only.\n')
    })
    this.#http.on('connection', (socket) => this.#admit(socket))
    this.#http.on('clientError', (_error, socket) => socket.destroy())
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#webSockets.on('error', (error) => options.onError(error))
    // A handshake that is refused is answered here, so that the socket ends with it.
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
    for (const socket of this.#places.keys()) socket.destroy()
    this.#webSockets.close()
    this.#shutdown.abort()
    await closed
    this.safeDispatchEvent('close')
  }

  /** From here on the connection is bounded in time, and in number. */
  #admit(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    const end = (): void => void socket.destroy()
    const place = this.#admission.enter(socket.remoteAddress ?? '', end)
    const deadline = setTimeout(end, this.#options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs)
    const leave = (): void => {
      clearTimeout(deadline)
      place.leave()
    }
    this.#places.set(socket, { leave })
    socket.once('close', () => {
      leave()
      this.#places.delete(socket)
    })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress = '0.0.0.0', remotePort = 0 } = request.socket
    const remoteAddr = ipPortToMultiaddr(remoteAddress, remotePort).encapsulate('/ws')
    this.#webSockets.handleUpgrade(request, socket, head, (accepted) => {
      this.#accept(accepted, remoteAddr)
        // The connection is libp2p's now.
        .then(() => this.#places.get(socket)?.leave())
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
