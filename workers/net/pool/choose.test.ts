import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConnectionFacts, chooseKept, type PeerFacts, superfluous } from './choose.ts'

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
  test('a relayed one goes once a direct one works, unless something runs over it', () => {
    const twin = connection('relayed', { direct: false })
    expect(ids(superfluous([twin, connection('direct')], higher))).toEqual(['relayed'])
    expect(superfluous([twin, connection('direct', { settled: false })], lower)).toEqual([])
    expect(superfluous([{ ...twin, busyStreams: 1 }, connection('direct')], lower)).toEqual([])
  })

  test('of two direct ones the lower id closes the one with less on it, then the newer one', () => {
    const [older, newer] = [connection('older'), connection('newer', { openedAt: 5 })]
    expect(ids(superfluous([newer, older], lower))).toEqual(['newer'])
    expect(ids(superfluous([{ ...newer, busyStreams: 2 }, older], lower))).toEqual(['older'])
    expect(superfluous([newer, older], { isLower: true, now: 2_004 })).toEqual([])
    expect(superfluous([newer, older], higher)).toEqual([])
    expect(ids(superfluous([newer, older], { isLower: false, now: 40_000 }))).toEqual(['newer'])
  })

  test('never all are closed', () => {
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
        const closed = superfluous(connections, { isLower, now: 100_000 })
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

  test('idle ones go, but not mesh members and the best', () => {
    const peers = [
      peer('idle'),
      peer('good', { score: 0.9 }),
      peer('used', { usedAt: now - 1 }),
      peer('mesh', { inMesh: true }),
    ]
    expect(chooseKept(peers, limits, now)).toEqual({ kept: ['mesh', 'used'], idle: ['good', 'idle'], tooMany: [] })
    expect(chooseKept(peers, { ...limits, keep: 4 }, now).idle).toEqual([])
  })

  test('above the limit the least useful go, newcomers after those that had their time', () => {
    const used = { usedAt: now - 1 }
    const peers = [
      ...[peer('m1', { inMesh: true }), peer('m2', { inMesh: true })],
      ...[peer('old', { ...used, score: 0.6 }), peer('worst', { ...used, score: 0.1 })],
      ...[peer('new', { ...used, openedAt: now - 1_000 }), peer('newest', { ...used, openedAt: now })],
    ]
    expect(chooseKept(peers, limits, now).tooMany).toEqual(['worst', 'old'])
    expect(chooseKept(peers, { ...limits, max: 3 }, now).tooMany).toEqual(['worst', 'old', 'newest'])
    expect(chooseKept(peers, { ...limits, max: 1 }, now).tooMany).toEqual(['worst', 'old', 'newest', 'new', 'm2'])
  })

  test('no more stay than the limit, and nobody is closed for two reasons', () => {
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
        const { idle, tooMany } = chooseKept(peers, limits, now)
        const closed = new Set([...idle, ...tooMany])
        expect(closed.size).toBe(idle.length + tooMany.length)
        expect(peers.length - closed.size).toBeLessThanOrEqual(limits.max)
      }),
      { seed: 1 },
    )
  })
})
