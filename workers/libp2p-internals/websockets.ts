import type { AbortOptions, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets as libp2pWebSockets } from '@libp2p/websockets'
import { Uint8ArrayList } from 'uint8arraylist'
import { internalsOf } from './internals.ts'

/** Size at which buffered data is sent (bytes): copying more costs as much as the message it saves. */
const fullMessageBytes = 65_536

/** Limit on a message (bytes): a backlog arrives in one piece, and relays reject larger messages. */
const maxMessageBytes = 2 * fullMessageBytes

/**
 * The WebSocket transport of libp2p, with a working abort and with the data of one microtask joined into one message.
 *
 * The stock transport sends each part of a list separately, and noise turns each frame into two parts, its length and its
 * bytes. A message costs the browser, its network process and the relay more than the copy that joins the parts.
 *
 * `@libp2p/websockets` 10.1.21 aborts with `close(1006)`, a code that WebSockets do not accept: it throws, the error is
 * swallowed and the socket stays open for the lifetime of both processes. The other side keeps a dead connection until
 * its own ping fails. Aborts happen when a ping fails, when a peer breaks the protocol, and at the relay when a tab
 * reconnects.
 *
 * A connection that lacks a required internal part is not upgraded and fails with InternalsChanged.
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

/** An upgrader that adapts each connection first. */
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

/** Joins the data of one microtask into one message, or into a few of at most `maxMessageBytes`. */
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
        // A full connection emits an event when it has drained.
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
