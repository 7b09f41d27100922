import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { peerRecordCodec } from './record.ts'
import { createReputation, type PeerEvent, type Reputation } from './reputation.ts'
import { unknownScore } from './score.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
let clock = 0

beforeEach(() => {
  clock = 1_800_000_000_000
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const open = (store: Store = createMemoryStore(), peers?: number): Reputation =>
  createReputation({
    store,
    now: () => clock,
    random: createSeededRandom(1),
    ...(peers === undefined ? {} : { limits: { peers } }),
  })

const reopen = async (store: Store): Promise<Reputation> => {
  const reputation = open(store)
  await reputation.load()
  return reputation
}

const hash: PeerEvent = { kind: 'violation', fault: 'hash' }
const transfer: PeerEvent = { kind: 'transfer', bytes: 1_250_000, ms: 1_000 }

test('an unknown peer has the default score and is neutral for gossip', () => {
  const reputation = open()
  expect(reputation.scoreOf('A')).toBe(unknownScore)
  expect(reputation.appScore('A')).toBe(0)
  expect(reputation.isBanned('A')).toBe(false)
  expect(reputation.list()).toEqual([])
})

test('outcomes count by the formula', () => {
  const reputation = open()
  for (let n = 0; n < 8; n += 1) reputation.observe('A', transfer)
  for (let n = 0; n < 8; n += 1) reputation.observe('A', { kind: 'rtt', ms: 100 })
  // 1.25 MB a second are 10,000 kbit/s.
  expect(reputation.scoreOf('A')).toBeCloseTo(0.4 * 0.9 + 0.3 * 0.5 + 0.2 + 0.1, 9)
  reputation.observe('A', { kind: 'failed' })
  expect(reputation.scoreOf('A')).toBeCloseTo(0.4 * (9 / 11) + 0.3 * 0.5 + 0.2 + 0.1, 9)
  expect(reputation.list()[0]).toMatchObject({ peer: 'A', ok: 8, failed: 1, rttMs: 100, kbitPerS: 10_000 })
})

test('smooths measurements and ignores invalid ones', () => {
  const reputation = open()
  for (const ms of [100, 200, Number.NaN, -5, Number.POSITIVE_INFINITY]) reputation.observe('A', { kind: 'rtt', ms })
  expect(reputation.list()[0]?.rttMs).toBeCloseTo(130)
  reputation.observe('A', { kind: 'transfer', bytes: 1_000, ms: 1 })
  reputation.observe('A', { kind: 'transfer', bytes: 1_000_000, ms: 0 })
  expect(reputation.list()[0]).toMatchObject({ kbitPerS: undefined, ok: 2 })
})

test('outcomes halve in a day', () => {
  const reputation = open()
  for (let n = 0; n < 8; n += 1) reputation.observe('A', { kind: 'failed' })
  clock += dayMs
  expect(reputation.list()[0]?.failed).toBeCloseTo(4)
  // Regardless of the number of reads.
  for (let n = 0; n < 24; n += 1) {
    clock += hourMs
    reputation.scoreOf('A')
  }
  expect(reputation.list()[0]?.failed).toBeCloseTo(2)
})

test.each(['hash', 'signature'] as const)('a wrong %s bans for an hour, in this engine and the next', async (fault) => {
  const store = createMemoryStore()
  const reputation = open(store)
  reputation.observe('A', transfer)
  reputation.observe('A', { kind: 'violation', fault })
  expect(reputation.isBanned('A')).toBe(true)
  expect(reputation.appScore('A')).toBeLessThan(-80)
  expect(reputation.rank(['A', 'B'])).toEqual(['B'])
  // Written immediately, so that a reload does not lift it.
  await vi.advanceTimersByTimeAsync(0)
  clock += hourMs - 1
  const next = await reopen(store)
  expect(next.isBanned('A')).toBe(true)
  clock += 1
  expect(next.isBanned('A')).toBe(false)
  expect(reputation.isBanned('A')).toBe(false)
  expect(next.rank(['A'])).toEqual(['A'])
  expect(next.appScore('A')).toBeGreaterThan(-10)
})

test('a ban survives setting the clock back and lasts at most an hour from then', async () => {
  const store = createMemoryStore()
  const reputation = open(store)
  reputation.observe('A', hash)
  await reputation.flush()
  clock -= dayMs
  for (const each of [reputation, await reopen(store)]) expect(each.isBanned('A')).toBe(true)
  const next = await reopen(store)
  expect(next.isBanned('A')).toBe(true)
  clock += hourMs - 1
  expect(next.isBanned('A')).toBe(true)
  clock += 1
  expect(next.isBanned('A')).toBe(false)
  expect(reputation.isBanned('A')).toBe(false)
})

test.each([dayMs, 3 * 365 * dayMs])(
  'a ban from a clock that was %i ms ahead ends an hour after it was put right, however often the tab is opened',
  async (ahead) => {
    const store = createMemoryStore()
    const reputation = open(store)
    reputation.observe('A', hash)
    await reputation.stop()
    clock -= ahead
    for (let minutes = 0; minutes < 60; minutes += 10) {
      const next = await reopen(store)
      expect(next.isBanned('A')).toBe(true)
      await next.stop()
      clock += 10 * 60_000
    }
    expect((await reopen(store)).isBanned('A')).toBe(false)
  },
)

test('after a clock that was a day ahead no timestamp is in the future', async () => {
  const store = createMemoryStore()
  const reputation = open(store)
  for (let n = 0; n < 4; n += 1) reputation.observe('A', transfer)
  await reputation.stop()
  clock -= dayMs
  const next = await reopen(store)
  const before = next.scoreOf('A')
  expect(next.list()[0]).toMatchObject({ ok: 4, lastSuccessAt: clock })
  clock += 10 * hourMs
  expect(next.scoreOf('A')).toBeLessThan(before)
})

test('three recent lesser violations ban a peer', () => {
  const reputation = open()
  const fault: PeerEvent = { kind: 'violation', fault: 'malformed' }
  reputation.observe('A', fault)
  reputation.observe('A', fault)
  expect(reputation.isBanned('A')).toBe(false)
  expect(reputation.scoreOf('A')).toBeLessThan(unknownScore)
  clock += 2 * dayMs
  reputation.observe('A', fault)
  expect(reputation.isBanned('A')).toBe(false)
  reputation.observe('A', fault)
  reputation.observe('A', fault)
  expect(reputation.isBanned('A')).toBe(true)
})

test('the gossip score prefers good peers and never ignores a peer for failures alone', () => {
  const reputation = open()
  for (let n = 0; n < 1_000; n += 1) {
    reputation.observe('good', transfer)
    reputation.observe('good', { kind: 'rtt', ms: 5 })
    reputation.observe('bad', { kind: 'failed' })
  }
  expect(reputation.appScore('good')).toBeGreaterThan(20)
  expect(reputation.appScore('bad')).toBeLessThan(0)
  expect(reputation.appScore('bad')).toBeGreaterThan(-10)
})

test('ranks good peers before unknown ones before bad ones', () => {
  const reputation = open()
  for (let n = 0; n < 5; n += 1) {
    reputation.observe('good', transfer)
    reputation.observe('fair', { kind: 'ok', ms: 400 })
    reputation.observe('bad', { kind: 'failed' })
  }
  expect(reputation.rank(['bad', 'new', 'fair', 'good'], { explore: 0 })).toEqual(['good', 'fair', 'new', 'bad'])
  expect(reputation.rank(['bad', 'new', 'fair', 'good'], { explore: 0, count: 1 })).toEqual(['good'])
})

test('keeps its state across a restart', async () => {
  const event = fc.oneof(
    fc.record({ kind: fc.constant('rtt' as const), ms: fc.double({ min: 0, max: 1e9, noNaN: true }) }),
    fc.record({ kind: fc.constant('ok' as const) }),
    fc.record({ kind: fc.constant('failed' as const) }),
    fc.record({ kind: fc.constant('transfer' as const), bytes: fc.nat(), ms: fc.nat() }),
    fc.record({
      kind: fc.constant('violation' as const),
      fault: fc.constantFrom('hash' as const, 'malformed' as const, 'flood' as const),
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C'), event), { maxLength: 60 }), async (events) => {
      const store = createMemoryStore()
      const first = open(store)
      for (const [peer, each] of events) {
        first.observe(peer, each)
        clock += 60_000
      }
      await first.stop()
      const second = await reopen(store)
      for (const peer of ['A', 'B', 'C']) {
        expect(second.scoreOf(peer)).toBeCloseTo(first.scoreOf(peer), 2)
        expect(second.isBanned(peer)).toBe(first.isBanned(peer))
      }
    }),
    { seed: 13, numRuns: 100 },
  )
})

test('loads valid records and removes damaged and foreign ones', async () => {
  const store = createMemoryStore()
  const first = open(store)
  for (const peer of ['A', 'B', 'C']) first.observe(peer, transfer)
  await first.stop()
  const whole = await store.get('peers', 'reputation/A')
  await store.write([
    { table: 'peers', key: 'reputation/A', value: whole?.map((byte, at) => (at === 3 ? byte ^ 255 : byte)) },
    { table: 'peers', key: 'reputation/B', value: await store.get('peers', 'reputation/C') },
    { table: 'peers', key: 'reputation/D', value: new Uint8Array() },
    { table: 'peers', key: 'address of another kind', value: new Uint8Array(3) },
  ])
  const second = open(store)
  expect(await second.load()).toEqual({ dropped: 3 })
  expect(second.list().map(({ peer }) => peer)).toEqual(['C'])
  expect(await store.keys('peers')).toEqual(['address of another kind', 'reputation/C'])
})

test('the record decoder accepts any bytes without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(typeof peerRecordCodec.decode(bytes).ok).toBe('boolean')
    }),
    { seed: 14, numRuns: 20_000 },
  )
})

test('remembers a bounded number of peers, and new ones evict neither banned nor proven ones', async () => {
  const store = createMemoryStore()
  const reputation = open(store, 50)
  for (let n = 0; n < 5; n += 1) reputation.observe('friend', transfer)
  reputation.observe('dishonest', hash)
  for (let n = 0; n < 1_000; n += 1) {
    clock += 1_000
    reputation.observe(`stranger${n}`, { kind: n % 2 === 0 ? 'failed' : 'ok' })
    expect(reputation.list().length).toBeLessThanOrEqual(50)
  }
  expect(reputation.scoreOf('friend')).toBeGreaterThan(0.6)
  expect(reputation.isBanned('dishonest')).toBe(true)
  await reputation.stop()
  expect((await store.keys('peers')).length).toBe(reputation.list().length)
})

test('drops stale peers and invalid ids', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.observe('A', transfer)
  first.observe('', transfer)
  first.observe('no id/at all', transfer)
  first.observe('x'.repeat(1_000), transfer)
  expect(first.list().length).toBe(1)
  await first.stop()
  clock += 11 * dayMs
  const second = await reopen(store)
  expect(second.list()).toEqual([])
  await second.stop()
  expect(await store.keys('peers')).toEqual([])
})

test('keeps observations made before the load and applies stored bans', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.observe('A', hash)
  await first.stop()
  const second = open(store)
  second.observe('A', transfer)
  await second.load()
  expect(second.isBanned('A')).toBe(true)
  expect(second.list()[0]?.ok).toBe(1)
})

test('delays writes, retries failed ones and leaves no timer', async () => {
  const store = createMemoryStore()
  let refuse = false
  let writes = 0
  const reputation = open({
    ...store,
    async write(changes, options) {
      if (refuse) throw new Error('full')
      writes += 1
      return store.write(changes, options)
    },
  })
  for (let n = 0; n < 100; n += 1) reputation.observe(`p${n}`, transfer)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(writes).toBe(1)
  refuse = true
  reputation.observe('late', transfer)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(reputation.scoreOf('late')).toBeGreaterThan(unknownScore)
  refuse = false
  await reputation.stop()
  expect((await store.keys('peers')).length).toBe(101)
  expect(vi.getTimerCount()).toBe(0)
})

test('stores outcomes over the record limit as the limit', async () => {
  const store = createMemoryStore()
  const reputation = open(store)
  for (let n = 0; n < 1_100_000; n += 1) reputation.observe('A', { kind: 'ok' })
  await reputation.stop()
  expect((await reopen(store)).list()[0]?.ok).toBe(1_000_000)
})

test('a person bans a peer for an hour without counting a fault, and may end any ban, over restarts', async () => {
  const store = createMemoryStore()
  const reputation = open(store)
  reputation.ban('A')
  reputation.ban('not an id')
  expect(reputation.get('A')).toMatchObject({ peer: 'A', faults: 0, bannedUntil: clock + hourMs })
  expect(reputation.get('B')).toBeUndefined()
  expect(reputation.appScore('A')).toBeLessThan(-80)
  // Written immediately, as other bans.
  await vi.advanceTimersByTimeAsync(0)
  const next = await reopen(store)
  expect(next.isBanned('A')).toBe(true)
  next.unban('A')
  next.unban('B')
  expect(next.isBanned('A')).toBe(false)
  await vi.advanceTimersByTimeAsync(0)
  expect((await reopen(store)).isBanned('A')).toBe(false)

  reputation.observe('C', hash)
  const { faults, failed } = reputation.get('C') ?? {}
  reputation.unban('C')
  expect(reputation.get('C')).toMatchObject({ faults, failed, bannedUntil: undefined })
  clock += hourMs
  expect(reputation.isBanned('A')).toBe(false)
})
