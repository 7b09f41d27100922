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

/** An accepted WebSocket as libp2p takes it. It has a listener for every event of the socket, `error` first of all. */
export const createWebSocketConnection = (
  socket: WebSocket,
  options: WebSocketConnectionOptions,
): MultiaddrConnection => {
  const connection = new WebSocketConnection(socket, options)
  gatherSends(connection)
  return connection
}

/**
 * Every way in which the socket can fail ends this connection alone. A message that is text is refused: libp2p speaks
 * bytes. What waits to be sent is bounded: a peer that does not read loses its connection. It is a class because
 * libp2p's connections are.
 */
class WebSocketConnection extends AbstractMultiaddrConnection {
  #socket: WebSocket
  #isFull = false

  constructor(socket: WebSocket, options: WebSocketConnectionOptions) {
    super({ ...options, direction: 'inbound', maxWriteBufferLength: maxWaitingBytes })
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    // The closing frame with the reason is on its way, and `close` follows.
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

  // A WebSocket server could stop reading; libp2p bounds what it takes by the windows of its streams instead.
  sendPause(): void {}
  sendResume(): void {}

  #receive(data: RawData, isBinary: boolean): void {
    try {
      if (!isBinary || !(data instanceof Uint8Array)) throw new Error('The message is text.')
      this.onData(data)
    } catch (error) {
      // A reader that throws breaks this connection, and must not break the socket's own reading.
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Called when bytes have reached the system, and with an error when the socket has gone before that. */
  #sent = (): void => {
    if (!this.#isFull || this.#socket.bufferedAmount > highWaterBytes / 2) return
    this.#isFull = false
    this.safeDispatchEvent('drain')
  }
}

/** 1000 (normal) and 1005 (no reason given), as by a browser. */
const isClean = (code: number): boolean => code === 1000 || code === 1005
