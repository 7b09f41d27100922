import type { Connection } from '@libp2p/interface'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { identifyConnections } from './identify.ts'

const peer = { toString: () => 'peer' }

/** The parts of a node that identify uses. */
const createFakeNode = () => {
  const events = new EventTarget()
  const connections = new Set<Connection>()
  const identified: string[] = []
  const tell = (type: string, detail: Connection): boolean => events.dispatchEvent(new CustomEvent(type, { detail }))
  return {
    identified,
    node: {
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
      getConnections: () => [...connections],
      services: {
        identify: {
          identify: async ({ id }: Connection) => {
            identified.push(id)
            throw new Error('the peer does not answer')
          },
        },
      },
    } as unknown as Parameters<typeof identifyConnections>[0],
    open(id: string, direct: boolean): Connection {
      const connection = { id, remotePeer: peer, direct, ...(direct ? {} : { limits: {} }) } as unknown as Connection
      connections.add(connection)
      tell('connection:open', connection)
      return connection
    },
    close(connection: Connection): void {
      connections.delete(connection)
      tell('connection:close', connection)
    },
  }
}

describe('identifyConnections', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('identifies a direct connection at once', () => {
    const { node, open, identified } = createFakeNode()
    identifyConnections(node)
    open('direct', true)
    expect(identified).toEqual(['direct'])
  })

  it('skips a relayed connection that a direct one follows', () => {
    const { node, open, identified } = createFakeNode()
    identifyConnections(node)
    open('relayed', false)
    vi.advanceTimersByTime(1_000)
    open('direct', true)
    vi.advanceTimersByTime(10_000)
    expect(identified).toEqual(['direct'])
  })

  it('identifies a relayed connection without a direct successor once', () => {
    const { node, open, identified } = createFakeNode()
    identifyConnections(node)
    open('relayed', false)
    expect(identified).toEqual([])
    vi.advanceTimersByTime(10_000)
    expect(identified).toEqual(['relayed'])
  })

  it('forgets a connection that closed', () => {
    const { node, open, close, identified } = createFakeNode()
    identifyConnections(node)
    close(open('gone', false))
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(identified).toEqual([])
  })

  it('forgets all connections when undone', () => {
    const { node, open, identified } = createFakeNode()
    const undo = identifyConnections(node)
    open('waiting', false)
    undo()
    vi.advanceTimersByTime(10_000)
    open('direct', true)
    expect(identified).toEqual([])
  })
})
