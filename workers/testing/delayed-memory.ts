import type { Transport } from '@libp2p/interface'
import { memory } from '@libp2p/memory'

/** What happens to the messages of all links; may be changed while they run. */
export interface LinkConditions {
  /** Half of the time a round trip takes, ms. */
  delayMs: number
  /** Up to so much more, at random, ms. */
  jitterMs: number
  /** Share of messages that are lost and sent again, 0 to 1. A lost one holds up those behind it, as in TCP and SCTP. */
  loss: number
  /** A lost message comes this much later, ms: the least retransmission timeout of TCP. */
  retransmitMs: number
}

export interface Links {
  conditions: LinkConditions
  /** What was sent on all links, encryption and multiplexing included. */
  sent: { messages: number; bytes: number }
  /** The transport of one node. */
  transport: ReturnType<typeof memory>
  /** Holds back every message for which `isCut` holds, until it is called again and lets them go. */
  cut(isCut: (from: string, to: string) => boolean): void
}

type TransportComponents = Parameters<ReturnType<typeof memory>>[0]

/**
 * The memory transport with links like real ones: each message takes its time, in order, and many may be under way.
 * (The transport's own `latency` takes one message after the other, which makes a link of 50 messages a second.)
 * The same seed gives the same delays for the same messages.
 */
export const createLinks = (seed: number, conditions: LinkConditions): Links => {
  const random = createRandom(seed)
  const held = new Set<() => void>()
  const sent = { messages: 0, bytes: 0 }
  let isCut = (_from: string, _to: string): boolean => false

  const delay = (connection: object, from: string, to: string): void => {
    const sendData = method(connection, 'sendData')
    const sendClose = method(connection, 'sendClose')
    const underWay: (() => void)[] = []
    const waiting: (() => void)[] = []
    let lastAt = 0
    const flush = (): void => {
      if (isCut(from, to)) {
        held.add(flush)
        return
      }
      held.delete(flush)
      for (const send of waiting.splice(0)) send()
    }
    const later = (send: () => void): void => {
      const lost = conditions.loss > 0 && random() < conditions.loss ? conditions.retransmitMs : 0
      const jitter = conditions.jitterMs > 0 ? random() * conditions.jitterMs : 0
      const now = performance.now()
      lastAt = Math.max(lastAt, now + conditions.delayMs + jitter + lost)
      underWay.push(send)
      // Timers that are due at one time need not run in their order.
      setTimeout(() => {
        waiting.push(...underWay.splice(0, 1))
        flush()
      }, lastAt - now)
    }
    Reflect.set(connection, 'sendData', (data: { byteLength: number; slice(): unknown }) => {
      sent.messages += 1
      sent.bytes += data.byteLength
      // A copy: the sender may use its buffer again.
      const copy = data.slice()
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
          return (connection: { remoteAddr: { toString(): string } }, options: unknown) => {
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
  }
}

const method = (object: object, name: string): ((...args: unknown[]) => unknown) => {
  const value: unknown = Reflect.get(object, name)
  if (typeof value !== 'function') throw new TypeError(`The memory transport's connection has no ${name}.`)
  return value as (...args: unknown[]) => unknown
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
