import type { Transport } from '@libp2p/interface'
import { memory } from '@libp2p/memory'
import { createSeededRandom } from './seeded-random.ts'

/** Conditions of all links; may be changed while they run. */
export interface LinkConditions {
  /** Half of a round trip (ms). */
  delayMs: number
  /** Maximum additional random delay (ms). */
  jitterMs: number
  /**
   * Share of messages that are lost and retransmitted, 0 to 1. A lost one blocks those behind it, as in TCP and SCTP.
   */
  loss: number
  /** Additional delay of a lost message (ms): the minimum retransmission timeout of TCP. */
  retransmitMs: number
}

export interface Links {
  conditions: LinkConditions
  /** Traffic of all links, including encryption and multiplexing. */
  sent: { messages: number; bytes: number }
  /** The transport of one node. */
  transport: ReturnType<typeof memory>
  /** Holds back every message for which `isCut` is true; a later call releases those for which it no longer is. */
  cut(isCut: (from: string, to: string) => boolean): void
  /** Adds a delay to messages from one peer to another (ms). */
  slow(extraMs: (from: string, to: string) => number): void
  /** Closes every matching connection for both sides at once, as a network change does. */
  sever(isLost: (from: string, to: string) => boolean): void
}

type MemoryConnection = EventTarget & { remoteAddr: { toString(): string }; abort(error: Error): void }

type TransportComponents = Parameters<ReturnType<typeof memory>>[0]

/**
 * The memory transport with realistic links: messages are delayed in order, with many in flight. (The transport's own
 * `latency` handles one message at a time, which limits a link to 50 messages per second.) The same seed gives the same
 * delays for the same messages.
 */
export const createLinks = (seed: number, conditions: LinkConditions): Links => {
  const random = createSeededRandom(seed)
  const held = new Set<() => void>()
  const sent = { messages: 0, bytes: 0 }
  const open = new Map<MemoryConnection, { from: string; to: string }>()
  let isCut = (_from: string, _to: string): boolean => false
  let extraMs = (_from: string, _to: string): number => 0

  const delay = (connection: MemoryConnection, from: string, to: string): void => {
    open.set(connection, { from, to })
    connection.addEventListener('close', () => open.delete(connection))
    const sendData = method(connection, 'sendData')
    const sendClose = method(connection, 'sendClose')
    /** In send order; the first `due` of them may be delivered. */
    const waiting: (() => void)[] = []
    let due = 0
    let lastAt = 0
    const flush = (): void => {
      if (isCut(from, to)) {
        held.add(flush)
        return
      }
      held.delete(flush)
      const sends = waiting.splice(0, due)
      due = 0
      for (const send of sends) send()
    }
    const later = (send: () => void): void => {
      const lost = conditions.loss > 0 && random() < conditions.loss ? conditions.retransmitMs : 0
      const jitter = conditions.jitterMs > 0 ? random() * conditions.jitterMs : 0
      const now = performance.now()
      lastAt = Math.max(lastAt, now + conditions.delayMs + extraMs(from, to) + jitter + lost)
      waiting.push(send)
      // Timers that end in the same millisecond may fire in any order, so each only increments a count.
      setTimeout(() => {
        due += 1
        flush()
      }, lastAt - now)
    }
    Reflect.set(connection, 'sendData', (data: { byteLength: number; slice(): unknown }) => {
      sent.messages += 1
      sent.bytes += data.byteLength
      // Copied, because the sender may reuse its buffer. (`slice` of a Node buffer does not copy.)
      const copy = data instanceof Uint8Array ? new Uint8Array(data) : data.slice()
      later(() => sendData.call(connection, copy))
      return { sentBytes: data.byteLength, canSendMore: true }
    })
    Reflect.set(connection, 'sendClose', async () => later(() => sendClose.call(connection)))
  }

  const transport = (components: TransportComponents): Transport => {
    const self = components.peerId.toString()
    const inner = memory()(components)
    const dial = inner.dial.bind(inner)
    const createListener = inner.createListener.bind(inner)
    type Upgrader = Parameters<typeof createListener>[0]['upgrader']
    const delaying = (upgrader: Upgrader): Upgrader =>
      new Proxy(upgrader, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          if (name !== 'upgradeOutbound' && name !== 'upgradeInbound') return value.bind(target)
          return (connection: MemoryConnection, options: unknown) => {
            delay(connection, self, connection.remoteAddr.toString().split('/p2p/')[1] ?? '')
            return value.call(target, connection, options)
          }
        },
      })
    inner.dial = (address, options) => dial(address, { ...options, upgrader: delaying(options.upgrader as Upgrader) })
    inner.createListener = (options) => createListener({ ...options, upgrader: delaying(options.upgrader) })
    return inner
  }

  return {
    conditions,
    sent,
    transport,
    cut(next) {
      isCut = next
      for (const flush of [...held]) flush()
    },
    slow(next) {
      extraMs = next
    },
    sever(isLost) {
      for (const [connection, { from, to }] of [...open])
        if (isLost(from, to)) connection.abort(new Error('The link is lost.'))
    },
  }
}

const method = (object: object, name: string): ((...args: unknown[]) => unknown) => {
  const value: unknown = Reflect.get(object, name)
  if (typeof value !== 'function') throw new TypeError(`The memory transport's connection has no ${name}.`)
  return value as (...args: unknown[]) => unknown
}
