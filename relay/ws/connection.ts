import type { AbortOptions, CounterGroup, Logger, MultiaddrConnection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { RawData, WebSocket } from 'ws'
import { gatherSends } from '../../workers/libp2p-internals/websockets.ts'
import { highWaterBytes, maxWaitingBytes } from './limits.ts'

export interface WebSocketConnectionOptions {
  remoteAddr: Multiaddr
  log: Logger
  metrics?: CounterGroup
}

/** Wraps an accepted WebSocket for libp2p, with a listener for every event of the socket, above all `error`. */
export const createWebSocketConnection = (
  socket: WebSocket,
  options: WebSocketConnectionOptions,
): MultiaddrConnection => {
  const connection = new WebSocketConnection(socket, options)
  gatherSends(connection)
  return connection
}

/**
 * A failure of the socket ends this connection only. Text messages are refused: libp2p sends bytes. The send buffer is
 * bounded: a peer that does not read loses its connection. A class because libp2p's connections are.
 */
class WebSocketConnection extends AbstractMultiaddrConnection {
  #socket: WebSocket
  #isFull = false

  constructor(socket: WebSocket, options: WebSocketConnectionOptions) {
    super({ ...options, direction: 'inbound', maxWriteBufferLength: maxWaitingBytes })
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    // ws sends the close frame with the reason, and `close` follows.
    socket.on('error', (error) => this.log('the socket failed: %e', error))
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    socket.on('close', (code) => {
      if (isClean(code)) this.onTransportClosed()
      else if (this.status === 'open' || this.status === 'closing') this.onRemoteReset()
    })
  }

  sendData(data: Uint8ArrayList): SendResult {
    this.#socket.send(data.subarray(), this.#sent)
    this.#isFull = this.#socket.bufferedAmount >= highWaterBytes
    return { sentBytes: data.byteLength, canSendMore: !this.#isFull }
  }

  sendReset(): void {
    this.#socket.terminate()
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#socket.close()
    options?.signal?.throwIfAborted()
  }

  // A server could pause the socket; the windows of libp2p's streams bound received data instead.
  sendPause(): void {}
  sendResume(): void {}

  #receive(data: RawData, isBinary: boolean): void {
    try {
      if (!isBinary || !(data instanceof Uint8Array)) throw new Error('The message is text.')
      this.onData(data)
    } catch (error) {
      // An error in a reader ends this connection; it must not reach the socket's own parser.
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Called when the operating system has taken the bytes, or with an error when the socket closed before that. */
  #sent = (): void => {
    if (!this.#isFull || this.#socket.bufferedAmount > highWaterBytes / 2) return
    this.#isFull = false
    this.safeDispatchEvent('drain')
  }
}

/** 1000 (normal) and 1005 (no status), which browsers send. */
const isClean = (code: number): boolean => code === 1000 || code === 1005
