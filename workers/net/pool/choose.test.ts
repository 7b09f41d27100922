import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConnectionFacts, chooseKept, duplicateConnections, type PeerFacts } from './choose.ts'

const connection = (id: string, change: Partial<ConnectionFacts> = {}): ConnectionFacts => ({
  id,
  direct: true,
  openedAt: 0,
  settled: true,
  busyStreams: 0,
  ...change,
})
const ids = (connections: readonly ConnectionFacts[]): string[] => connections.map(({ id }) => id)
const lower = { isLower: true, now: 10_000 }
const higher = { isLower: false, now: 10_000 }

describe('connections to one peer', () => {
  test('a relayed one is closed once a direct one works, unless it is in use', () => {
    const idleRelayed = connection('relayed', { direct: false })
    expect(ids(duplicateConnections([idleRelayed, connection('direct')], higher))).toEqual(['relayed'])
    expect(duplicateConnections([idleRelayed, connection('direct', { settled: false })], lower)).toEqual([])
    expect(duplicateConnections([{ ...idleRelayed, busyStreams: 1 }, connection('direct')], lower)).toEqual([])
  })

  test('of two direct ones the side with the lower id closes the less busy one, then the newer one', () => {
    const [older, newer] = [connection('older'), connection('newer', { openedAt: 5 })]
    expect(ids(duplicateConnections([newer, older], lower))).toEqual(['newer'])
    expect(ids(duplicateConnections([{ ...newer, busyStreams: 2 }, older], lower))).toEqual(['older'])
    expect(duplicateConnections([newer, older], { isLower: true, now: 2_004 })).toEqual([])
    expect(duplicateConnections([newer, older], higher)).toEqual([])
    expect(ids(duplicateConnections([newer, older], { isLower: false, now: 40_000 }))).toEqual(['newer'])
  })

  test('at least one stays', () => {
    const any = fc.array(
      fc.record({
        id: fc.uuid(),
        direct: fc.boolean(),
        settled: fc.boolean(),
        openedAt: fc.nat(100_000),
        busyStreams: fc.nat(3),
      }),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(any, fc.boolean(), (connections, isLower) => {
        const closed = duplicateConnections(connections, { isLower, now: 100_000 })
        if (connections.length > 0) expect(closed.length).toBeLessThan(connections.length)
        const left = connections.filter((each) => !closed.includes(each))
        if (connections.some((each) => each.direct && each.settled))
          expect(left.some((each) => each.direct && each.settled)).toBe(true)
      }),
      { seed: 1 },
    )
  })
})

describe('peers', () => {
  const now = 1_000_000
  const limits = { keep: 2, max: 4, idleMs: 300_000, graceMs: 30_000 }
  const peer = (name: string, change: Partial<PeerFacts> = {}): PeerFacts => ({
    peer: name,
    inMesh: false,
    score: 0.5,
    usedAt: 0,
    openedAt: 0,
    ...change,
  })

  test('idle ones are closed, except mesh members and the best', () => {
    const peers = [
      peer('idle'),
      peer('good', { score: 0.9 }),
      peer('used', { usedAt: now - 1 }),
      peer('mesh', { inMesh: true }),
    ]
    expect(chooseKept(peers, limits, now)).toEqual({ kept: ['mesh', 'used'], idle: ['good', 'idle'], overLimit: [] })
    expect(chooseKept(peers, { ...limits, keep: 4 }, now).idle).toEqual([])
  })

  test('over the limit the least useful are closed, newcomers last', () => {
    const used = { usedAt: now - 1 }
    const peers = [
      ...[peer('m1', { inMesh: true }), peer('m2', { inMesh: true })],
      ...[peer('old', { ...used, score: 0.6 }), peer('worst', { ...used, score: 0.1 })],
      ...[peer('new', { ...used, openedAt: now - 1_000 }), peer('newest', { ...used, openedAt: now })],
    ]
    expect(chooseKept(peers, limits, now).overLimit).toEqual(['worst', 'old'])
    expect(chooseKept(peers, { ...limits, max: 3 }, now).overLimit).toEqual(['worst', 'old', 'newest'])
    expect(chooseKept(peers, { ...limits, max: 1 }, now).overLimit).toEqual(['worst', 'old', 'newest', 'new', 'm2'])
  })

  test('the limit holds, and no peer is closed for two reasons', () => {
    const any = fc.uniqueArray(
      fc.record({
        peer: fc.uuid(),
        inMesh: fc.boolean(),
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        usedAt: fc.nat(now),
        openedAt: fc.nat(now),
      }),
      { selector: (each) => each.peer, maxLength: 12 },
    )
    fc.assert(
      fc.property(any, (peers) => {
        const { idle, overLimit } = chooseKept(peers, limits, now)
        const closed = new Set([...idle, ...overLimit])
        expect(closed.size).toBe(idle.length + overLimit.length)
        expect(peers.length - closed.size).toBeLessThanOrEqual(limits.max)
      }),
      { seed: 1 },
    )
  })
})
