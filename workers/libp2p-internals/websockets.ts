import type { AbortOptions, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets as libp2pWebSockets } from '@libp2p/websockets'
import { Uint8ArrayList } from 'uint8arraylist'
import { internalsOf } from './internals.ts'

/** What was gathered is sent once it has this size (bytes): a copy of more costs as much as the message that it saves. */
const fullMessageBytes = 65_536

/** The longest message (bytes): what waited for a slow connection comes in one piece, and a relay takes no larger one. */
const maxMessageBytes = 2 * fullMessageBytes

/**
 * The WebSocket transport of libp2p, with connections that end when they are aborted, and that send what is sent at a
 * time as one message.
 *
 * It sends each part of a list by itself, and noise makes a list of two of each frame, its length and its bytes; a
 * message costs the browser, its network process and the relay more than the copy that joins them.
 *
 * `@libp2p/websockets` 10.1.21 aborts by `close(1006)`, a code that no WebSocket lets its user send: it throws, the
 * error is swallowed, and the socket stays open. The other side then holds a connection that nobody answers on, until
 * its own ping fails, and the socket is kept as long as both processes live. Connections are aborted when a ping fails,
 * when a peer breaks the rules, and by the relay when a tab comes anew.
 *
 * A connection that lacks a part of this is not upgraded: it fails with InternalsChanged.
 */
export const webSockets = (): ReturnType<typeof libp2pWebSockets> => {
  const create = libp2pWebSockets()
  return (components) => {
    const transport = create(components)
    const inner: Pick<Transport, 'dial' | 'createListener'> = {
      dial: transport.dial.bind(transport),
      createListener: transport.createListener.bind(transport),
    }
    transport.dial = (address, options) => inner.dial(address, { ...options, upgrader: mending(options.upgrader) })
    transport.createListener = (options) => inner.createListener({ ...options, upgrader: mending(options.upgrader) })
    return transport
  }
}

/** An upgrader that mends the connections that it is given. */
const mending = (upgrader: Upgrader): Upgrader =>
  new Proxy(upgrader, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      if (key !== 'upgradeInbound' && key !== 'upgradeOutbound') return value.bind(target)
      return (connection: MultiaddrConnection, options: unknown) => value.call(target, mend(connection), options)
    },
  })

const mend = (connection: MultiaddrConnection): MultiaddrConnection => {
  const inside = internals(connection)
  inside.sendReset = () => void inside.sendClose().catch(() => {})
  gatherSends(inside)
  return connection
}

/** Lets a connection send as one message, or a few of at most `maxMessageBytes`, what it is given in one microtask. */
export const gatherSends = (connection: MultiaddrConnection & Sending & Closing): void => {
  const send = connection.sendData.bind(connection)
  let gathered = new Uint8ArrayList()
  let isFull = false
  connection.addEventListener('drain', () => {
    isFull = false
  })
  const flush = (): void => {
    if (gathered.byteLength === 0) return
    const bytes = gathered.subarray()
    gathered = new Uint8ArrayList()
    try {
      for (let at = 0; at < bytes.length; at += maxMessageBytes) {
        const message = new Uint8ArrayList(bytes.subarray(at, at + maxMessageBytes))
        // Once it is full, the connection says when it is not any more.
        isFull = !send(message).canSendMore
      }
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
  connection.sendData = (data) => {
    if (gathered.byteLength === 0) queueMicrotask(flush)
    gathered.append(data)
    if (gathered.byteLength >= fullMessageBytes) flush()
    return { sentBytes: data.byteLength, canSendMore: !isFull }
  }
  const close = connection.sendClose.bind(connection)
  connection.sendClose = (options) => {
    flush()
    return close(options)
  }
}

export interface Sending {
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
}

export interface Closing {
  sendClose(options?: AbortOptions): Promise<void>
}

interface Internals extends MultiaddrConnection, Sending, Closing {
  sendReset(error: Error): void
}

const internals = internalsOf<Internals>('@libp2p/websockets', {
  sendData: 'function',
  sendClose: 'function',
  sendReset: 'function',
})
