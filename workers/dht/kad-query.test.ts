import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { lost, type QueryLimits, type QueryPeer, startKadQuery } from './kad-query.ts'

type Behaviour = 'answers' | 'late' | 'refuses' | 'silent' | 'throws'

interface World {
  /** By index: the peers it names, its behaviour, whether it is connected. */
  peers: { names: number[]; behaviour: Behaviour; connected: boolean; rank: number | undefined }[]
  seeds: number[]
  limits: QueryLimits
}

const world = fc.integer({ min: 1, max: 40 }).chain((size): fc.Arbitrary<World> => {
  const peer = fc.integer({ min: 0, max: size - 1 })
  return fc.record({
    peers: fc.array(
      fc.record({
        names: fc.array(peer, { maxLength: 30 }),
        behaviour: fc.constantFrom<Behaviour>('answers', 'answers', 'answers', 'late', 'refuses', 'silent', 'throws'),
        connected: fc.boolean(),
        rank: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined, freq: 8 }),
      }),
      { minLength: size, maxLength: size },
    ),
    seeds: fc.array(peer, { maxLength: 10 }),
    limits: fc.record({
      width: fc.integer({ min: 1, max: 12 }),
      parallel: fc.integer({ min: 1, max: 6 }),
      dials: fc.integer({ min: 1, max: 4 }),
      inFlight: fc.integer({ min: 1, max: 12 }),
      dialBudget: fc.integer({ min: 0, max: 20 }),
    }),
  })
})

/** A peer's distance is its number. */
const candidate = (index: number): QueryPeer => ({ id: `peer ${index}`, distance: Uint8Array.of(index) })
const indexOf = ({ id }: QueryPeer): number => Number(id.slice(5))

const untilAborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))

const run = async ({ peers, seeds, limits }: World, { self = 'me', slowMs = 1 } = {}) => {
  const asked: number[] = []
  let now = 0
  let most = 0
  const query = startKadQuery<QueryPeer>({
    seeds: seeds.map(candidate),
    self,
    limits,
    isConnected: (id) => peers[indexOf({ id } as QueryPeer)]?.connected ?? false,
    rank: (id) => peers[indexOf({ id } as QueryPeer)]?.rank,
    slowMs: () => slowMs,
    lostMs: () => 10_000,
    now: () => performance.now(),
    // Ends the requests to silent peers.
    operation: untraced(AbortSignal.timeout(slowMs < 60 ? 60 : slowMs)),
    async ask(each, { signal }) {
      const index = indexOf(each)
      asked.push(index)
      now += 1
      most = Math.max(most, now)
      try {
        const { behaviour = 'silent', names = [] } = peers[index] ?? {}
        if (behaviour === 'silent') return await untilAborted(signal)
        await new Promise((resolve) => setTimeout(resolve, behaviour === 'late' ? 5 : 0))
        if (behaviour === 'throws') throw new Error('The stream broke.')
        return behaviour === 'refuses' ? undefined : names.map(candidate)
      } finally {
        now -= 1
      }
    },
  })
  return { outcome: await query.done, asked, most }
}

describe('the query, whatever peers do', () => {
  test('ends, asks each peer at most once, skips unranked peers and keeps its concurrency limits', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { outcome, asked, most } = await run(given)
        expect(new Set(asked).size).toBe(asked.length)
        expect(asked.every((index) => given.peers[index]?.rank !== undefined)).toBe(true)
        expect(most).toBeLessThanOrEqual(given.limits.inFlight)
        expect(outcome.asked).toBe(asked.length)
        expect(outcome.dialled).toBeLessThanOrEqual(given.limits.dialBudget)
        expect(outcome.closest.length).toBeLessThanOrEqual(given.limits.width)
        const answering = outcome.closest.map((each) => given.peers[indexOf(each)]?.behaviour)
        expect(answering.every((behaviour) => behaviour === 'answers' || behaviour === 'late')).toBe(true)
      }),
      { seed: 3, numRuns: 120 },
    )
  })

  test('finds the closest peers when every peer knows a closer one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 60 }), fc.infiniteStream(fc.nat()), async (size, numbers) => {
        // Peer n knows n - 1 and some others, so a path leads from any seed down to 0.
        const peers = Array.from({ length: size }, (_, index) => ({
          names: [Math.max(0, index - 1), ...[...numbers.take(3)].map((number) => number % size)],
          behaviour: 'answers' as const,
          connected: index % 2 === 0,
          rank: 0,
        }))
        const limits = { width: 5, parallel: 3, dials: 2, inFlight: 8, dialBudget: 100 }
        const { outcome } = await run({ peers, seeds: [size - 1], limits }, { slowMs: 10_000 })
        expect(outcome.closest.map(indexOf)).toEqual(Array.from({ length: Math.min(5, size) }, (_, index) => index))
      }),
      { seed: 5, numRuns: 60 },
    )
  })
})

describe('the order of requests', () => {
  const limits = { width: 10, parallel: 2, dials: 1, inFlight: 8, dialBudget: 10 }
  const peer = (connected: boolean, rank: number | undefined = 0, names: number[] = []) => ({
    names,
    behaviour: 'answers' as const,
    connected,
    rank,
  })

  test('is connected peers by rank, then the others by distance', async () => {
    const peers = [peer(false), peer(true, 0), peer(true, 5), peer(false), { ...peer(true), rank: undefined }]
    const { asked } = await run({ peers, seeds: [3, 4, 2, 1, 0], limits })
    expect(asked).toEqual([2, 1, 0, 3])
  })

  test('never includes the node itself', async () => {
    const { asked } = await run({ peers: [peer(true, 0, [1]), peer(true)], seeds: [0], limits }, { self: 'peer 1' })
    expect(asked).toEqual([0])
  })

  test('nonexistent peers from one dishonest peer do not hide the peers that honest ones name', async () => {
    // 0 to 29 do not exist, lie near the key and come from a dishonest peer; 40 comes from an honest one.
    const ghost = { names: [], behaviour: 'refuses' as const, connected: false, rank: 0 }
    const peers = Array.from({ length: 51 }, () => peer(false))
    peers.fill(ghost as unknown as (typeof peers)[0], 0, 30)
    peers[49] = peer(
      true,
      0,
      Array.from({ length: 20 }, (_, index) => index),
    )
    peers[50] = peer(true, 0, [40])
    const { asked } = await run({ peers, seeds: [49, 50], limits: { ...limits, dialBudget: 6 } })
    expect(asked).toContain(40)
  })
})

describe('the end', () => {
  test('once settled, sends no new request and does not wait for a slow answer', async () => {
    const asked: string[] = []
    const query = startKadQuery<QueryPeer>({
      seeds: [1, 2, 3].map(candidate),
      self: 'me',
      limits: { width: 10, parallel: 2, dials: 1, inFlight: 8, dialBudget: 8 },
      isConnected: () => true,
      rank: () => 0,
      slowMs: () => 1,
      lostMs: () => 10_000,
      now: () => performance.now(),
      operation: untraced(),
      async ask({ id }, { signal }) {
        asked.push(id)
        if (id === 'peer 1') return untilAborted(signal)
        query.settle()
        return [candidate(0)]
      },
    })
    expect((await query.done).closest.map(({ id }) => id)).toEqual(['peer 2'])
    expect(asked).toEqual(['peer 1', 'peer 2'])
  })

  const silentAmong = async (seeds: number[], signal: AbortSignal) => {
    const reasons: unknown[] = []
    const query = startKadQuery<QueryPeer>({
      seeds: seeds.map(candidate),
      self: 'me',
      isConnected: () => true,
      rank: () => 0,
      limits: { width: 10, parallel: 4, dials: 1, inFlight: 8, dialBudget: 8 },
      slowMs: () => 1,
      lostMs: () => 5,
      now: () => performance.now(),
      operation: untraced(signal),
      ask: async ({ id }, { signal: ended }) => {
        if (id !== 'peer 0') return []
        await untilAborted(ended)
        reasons.push(ended.reason)
        return undefined
      },
    })
    const { closest } = await query.done
    await vi.waitUntil(() => reasons.length > 0)
    return { reasons, closest }
  }

  test('abandons a peer that never answers once others have, with the reason', async () => {
    const { reasons, closest } = await silentAmong([0, 1], new AbortController().signal)
    expect(closest.map(({ id }) => id)).toEqual(['peer 1'])
    expect(reasons).toEqual([lost])
  })

  test('waits for a silent peer until the deadline while no other has answered', async () => {
    const signal = AbortSignal.timeout(60)
    await silentAmong([0], signal)
    expect(signal.aborted).toBe(true)
  })

  test('one silent peer does not hold up dialling once as many have answered', async () => {
    const query = startKadQuery<QueryPeer>({
      seeds: [1, 2, 3].map(candidate),
      self: 'me',
      isConnected: (id) => id !== 'peer 0',
      rank: () => 0,
      limits: { width: 10, parallel: 3, dials: 1, inFlight: 8, dialBudget: 8 },
      slowMs: () => 10_000,
      lostMs: () => 10_000,
      now: () => performance.now(),
      operation: untraced(),
      async ask({ id }, { signal }) {
        if (id === 'peer 1') return untilAborted(signal)
        if (id === 'peer 0') query.finish()
        return [candidate(0)]
      },
    })
    expect((await query.done).dialled).toBe(1)
  })

  test('ends at once without any peer to ask', async () => {
    const { outcome } = await run({
      peers: [],
      seeds: [],
      limits: { width: 1, parallel: 1, dials: 1, inFlight: 1, dialBudget: 1 },
    })
    expect(outcome).toMatchObject({ closest: [], asked: 0, dialled: 0 })
  })
})
