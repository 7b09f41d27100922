import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { createDhtHeads, type DhtHeadsDependencies, type FoundHead } from './dht-heads.ts'
import type { Answer, Contact, KadRpc } from './kad-rpc.ts'
import { createRoundTrips } from './round-trips.ts'

/** Values are `[identitySeq, seq]`; an empty value or a zero is invalid. */
const verify = async (
  _key: Uint8Array,
  [identitySeq = 0, seq = 0]: Uint8Array,
): Promise<FoundHead<string> | undefined> =>
  identitySeq === 0 || seq === 0 ? undefined : { identitySeq, seq, value: `head ${seq}` }

const contact = (index: number): Contact => ({ id: `peer ${index}`, distance: Uint8Array.of(index), addresses: [] })

type Reply = number[] | 'nothing' | 'silence'

/** Connected peers, each with its reply to GET_VALUE. */
const rpcOf = (replies: Reply[], own?: number[]) => {
  const puts: { peer: string; value: number[] }[] = []
  const answer = (value?: number[]): Answer => ({
    closer: [],
    providers: [],
    value: value === undefined ? undefined : Uint8Array.from(value),
  })
  const rpc: KadRpc = {
    self: 'me',
    isConnected: () => true,
    seeds: async () => replies.map((_, index) => contact(index)),
    async getValue({ id }, _key, { signal }) {
      const reply = replies[Number(id.slice(5))] ?? 'nothing'
      if (reply === 'silence')
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
      return answer(reply === 'nothing' ? undefined : reply)
    },
    findNode: async () => answer(),
    getProviders: async () => answer(),
    async putValue({ id }, _key, value) {
      puts.push({ peer: id, value: [...value] })
      return replies[Number(id.slice(5))] !== 'nothing'
    },
    addProvider: async () => true,
    own: {
      getValue: async () => (own === undefined ? undefined : Uint8Array.from(own)),
      async putValue(_key, value) {
        puts.push({ peer: 'me', value: [...value] })
      },
      getProviders: async () => [],
      addProvider: async () => {},
    },
  }
  return { rpc, puts }
}

const lookup = async (
  replies: Reply[],
  options: { own?: number[]; deps?: Partial<DhtHeadsDependencies<string>> } = {},
) => {
  const { rpc, puts } = rpcOf(replies, options.own)
  const rejected: string[] = []
  const { meter, reader } = createInMemoryMeter()
  const heads = createDhtHeads<string>({
    rpc,
    verify,
    roundTrips: createRoundTrips(),
    now: () => performance.now(),
    onRejectedAnswer: (peer, kind) => rejected.push(`${peer} ${kind}`),
    telemetry: { ...noTelemetry, meter },
    ...options.deps,
  })
  const found = await heads.get('/ggen/a/b', { operation: untraced() })
  const hops = reader.latest('dht_lookup_hops')
  const reports = reader
    .latest('dht_lookup_duration')
    .map(({ attributes }, at) => ({ outcome: attributes['outcome'], hops: hops[at]?.value }))
  return { found, rejected, reports, puts, figures: reader }
}

const lookupHistograms = [
  'dht_lookup_duration',
  'dht_lookup_hops',
  'dht_lookup_requests',
  'dht_lookup_dials',
  'dht_fan_out_effectiveness',
] as const

describe('get', () => {
  test('the first valid answer settles the lookup although other peers never answer', async () => {
    const { found, reports } = await lookup(['silence', [1, 3], 'silence'])
    expect(found).toEqual({ identitySeq: 1, seq: 3, value: 'head 3' })
    expect(reports).toMatchObject([{ outcome: 'found', hops: 1 }])
  })

  test('a newer answer of the same round trip wins; the older ones are reported and replaced', async () => {
    const { found, rejected, puts } = await lookup([
      [1, 3],
      [1, 9],
      [1, 4],
    ])
    expect(found?.seq).toBe(9)
    expect(rejected.sort()).toEqual(['peer 0 older', 'peer 2 older'])
    expect(puts.map(({ peer, value }) => [peer, ...value]).sort()).toEqual([
      ['peer 0', 1, 9],
      ['peer 2', 1, 9],
    ])
  })

  test('a head under an older identity does not win with a higher sequence number', async () => {
    expect(
      (
        await lookup([
          [1, 99],
          [2, 4],
        ])
      ).found?.seq,
    ).toBe(4)
  })

  test('a forged answer never wins and is reported', async () => {
    const { found, rejected } = await lookup([[0, 99], [1, 2], []])
    expect(found?.seq).toBe(2)
    expect(rejected.sort()).toEqual(['peer 0 forged', 'peer 2 forged'])
  })

  test('a verifier that throws or does not support the version yields no result and no report', async () => {
    for (const verify of [() => Promise.reject(new Error('broken')), async () => 'unsupported' as const]) {
      const { found, rejected } = await lookup([[1, 1]], { deps: { verify } })
      expect(found).toBeUndefined()
      expect(rejected).toEqual([])
    }
  })

  test('an answer older than our newest head does not win, even as the only one', async () => {
    const { found, rejected, reports } = await lookup([[1, 3]], {
      deps: { newest: () => ({ identitySeq: 1, seq: 5 }) },
    })
    expect(found).toBeUndefined()
    expect(rejected).toEqual(['peer 0 older'])
    expect(reports).toMatchObject([{ outcome: 'absent' }])
  })

  test('our own copy is a sufficient result; a newer one from a peer wins', async () => {
    expect((await lookup([], { own: [1, 2] })).found?.seq).toBe(2)
    expect((await lookup(['nothing', [1, 3]], { own: [1, 2] })).found?.seq).toBe(3)
  })

  test('a cancelled lookup ends at once without a result', async () => {
    const { rpc } = rpcOf(['silence'])
    const heads = createDhtHeads({
      telemetry: noTelemetry,
      rpc,
      verify,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
    })
    expect(await heads.get('/ggen/a/b', { operation: untraced(AbortSignal.abort()) })).toBeUndefined()
  })

  test('a valid reply is never lost and an invalid one never wins, whatever the replies', async () => {
    const reply = fc.oneof<fc.Arbitrary<Reply>[]>(
      fc.constant('nothing'),
      fc.constant('silence'),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 2 }),
    )
    await fc.assert(
      // The query is 10 peers wide, so it asks all of them.
      fc.asyncProperty(fc.array(reply, { maxLength: 6 }), async (replies) => {
        // Without a value, a silent peer would cost the whole timeout.
        const valid = replies.filter(
          (each): each is number[] => Array.isArray(each) && (each[0] ?? 0) * (each[1] ?? 0) > 0,
        )
        fc.pre(valid.length > 0 || !replies.includes('silence'))
        const { found } = await lookup(replies)
        if (valid.length === 0) expect(found).toBeUndefined()
        else expect(valid).toContainEqual([found?.identitySeq, found?.seq])
      }),
      { seed: 7, numRuns: 60 },
    )
  })
})

test('lookups are counted by outcome, with the share of the peers asked that answered', async () => {
  const found = await lookup([[1, 3], 'silence', [1, 2], 'nothing'])
  expect(found.figures.sum('dht_lookups_total', { outcome: 'found' })).toBe(1)
  expect(found.figures.sum('dht_lookups_total')).toBe(1)
  const [effectiveness] = found.figures.latest('dht_fan_out_effectiveness')
  expect(effectiveness?.value).toBe(0.75)
  const absent = await lookup(['nothing'])
  expect(absent.figures.sum('dht_lookups_total', { outcome: 'absent' })).toBe(1)
  expect(absent.figures.count('dht_lookup_duration', { outcome: 'absent' })).toBe(1)
})

test('a lookup with nobody to ask counts in no figure, whether or not a copy is kept here', async () => {
  const isNobodyRanked = { rank: () => undefined }
  for (const { figures } of [
    await lookup([]),
    await lookup([], { own: [1, 1] }),
    await lookup([[1, 3]], { deps: isNobodyRanked }),
  ]) {
    expect(figures.sum('dht_lookups_total')).toBe(0)
    for (const name of lookupHistograms) expect(figures.count(name), name).toBe(0)
  }
})

describe('put', () => {
  test('stores locally and reports each confirmation as it arrives', async () => {
    const { rpc, puts } = rpcOf([[1], 'nothing', [1]])
    const counts: number[] = []
    const heads = createDhtHeads({
      telemetry: noTelemetry,
      rpc,
      verify,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
    })
    const confirmed = await heads.put('/ggen/a/b', Uint8Array.of(1, 1), {
      operation: untraced(),
      onConfirmed: (count) => counts.push(count),
    })
    expect(confirmed).toBe(2)
    expect(counts).toEqual([1, 2])
    expect(puts.map(({ peer }) => peer).sort()).toEqual(['me', 'peer 0', 'peer 1', 'peer 2'])
  })

  test('a peer that never confirms does not delay a cancelled put', async () => {
    const { rpc } = rpcOf([[1], [1]])
    const stop = new AbortController()
    const heads = createDhtHeads({
      telemetry: noTelemetry,
      rpc: {
        ...rpc,
        putValue: ({ id }) => {
          if (id !== 'peer 1') return Promise.resolve(true)
          setTimeout(() => stop.abort(), 1)
          return new Promise(() => {})
        },
      },
      verify,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
    })
    expect(
      await heads.put('/ggen/a/b', Uint8Array.of(1, 1), { operation: untraced(stop.signal), onConfirmed: () => {} }),
    ).toBe(1)
  })
})
