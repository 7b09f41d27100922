import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { createHeads, type FoundHead, type HeadsDependencies } from './heads.ts'
import type { Answer, Contact, KadRpc } from './kad-rpc.ts'
import { lookupDuration } from './lookup-stats.ts'
import { createRoundTrips } from './round-trips.ts'

/** Values are `[identitySeq, seq]`; an empty one, or one with a zero, is not valid. */
const verify = async (
  _key: Uint8Array,
  [identitySeq = 0, seq = 0]: Uint8Array,
): Promise<FoundHead<string> | undefined> =>
  identitySeq === 0 || seq === 0 ? undefined : { identitySeq, seq, value: `head ${seq}` }

const contact = (index: number): Contact => ({ id: `peer ${index}`, distance: Uint8Array.of(index), addresses: [] })

type Reply = number[] | 'nothing' | 'silence'

/** Peers that are all connected and known, each with its reply to GET_VALUE. */
const wireOf = (replies: Reply[], own?: number[]) => {
  const puts: { peer: string; value: number[] }[] = []
  const answer = (value?: number[]): Answer => ({
    closer: [],
    providers: [],
    value: value === undefined ? undefined : Uint8Array.from(value),
  })
  const wire: KadRpc = {
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
  return { wire, puts }
}

const lookup = async (
  replies: Reply[],
  options: { own?: number[]; deps?: Partial<HeadsDependencies<string>> } = {},
) => {
  const { wire, puts } = wireOf(replies, options.own)
  const misanswers: string[] = []
  const { meter, reader } = createInMemoryMeter()
  const heads = createHeads<string>({
    wire,
    verify,
    roundTrips: createRoundTrips(),
    now: () => performance.now(),
    onMisanswer: (peer, kind) => misanswers.push(`${peer} ${kind}`),
    telemetry: { ...noTelemetry, meter },
    ...options.deps,
  })
  const found = await heads.get('/ggen/a/b', { operation: untraced() })
  const hops = reader.latest('ggen.dht.lookup.hops')
  const reports = reader
    .latest(lookupDuration)
    .map(({ attributes }, at) => ({ outcome: attributes['outcome'], hops: hops[at]?.value }))
  return { found, misanswers, reports, puts }
}

describe('get', () => {
  test('the first valid answer settles, though others never answer', async () => {
    const { found, reports } = await lookup(['silence', [1, 3], 'silence'])
    expect(found).toEqual({ identitySeq: 1, seq: 3, value: 'head 3' })
    expect(reports).toMatchObject([{ outcome: 'found', hops: 1 }])
  })

  test('a newer answer of the same round trip wins; the older one is told and its sender given the newer', async () => {
    const { found, misanswers, puts } = await lookup([
      [1, 3],
      [1, 9],
      [1, 4],
    ])
    expect(found?.seq).toBe(9)
    expect(misanswers.sort()).toEqual(['peer 0 older', 'peer 2 older'])
    expect(puts.map(({ peer, value }) => [peer, ...value]).sort()).toEqual([
      ['peer 0', 1, 9],
      ['peer 2', 1, 9],
    ])
  })

  test('a head under an older identity does not win by a higher number', async () => {
    expect(
      (
        await lookup([
          [1, 99],
          [2, 4],
        ])
      ).found?.seq,
    ).toBe(4)
  })

  test('a forged answer never wins and is told', async () => {
    const { found, misanswers } = await lookup([[0, 99], [1, 2], []])
    expect(found?.seq).toBe(2)
    expect(misanswers.sort()).toEqual(['peer 0 forged', 'peer 2 forged'])
  })

  test('a verifier that throws, or does not know the version, finds nothing and blames nobody', async () => {
    for (const verify of [() => Promise.reject(new Error('broken')), async () => 'unsupported' as const]) {
      const { found, misanswers } = await lookup([[1, 1]], { deps: { verify } })
      expect(found).toBeUndefined()
      expect(misanswers).toEqual([])
    }
  })

  test('what is older than known here does not win, not even alone', async () => {
    const { found, misanswers, reports } = await lookup([[1, 3]], {
      deps: { newest: () => ({ identitySeq: 1, seq: 5 }) },
    })
    expect(found).toBeUndefined()
    expect(misanswers).toEqual(['peer 0 older'])
    expect(reports).toMatchObject([{ outcome: 'absent' }])
  })

  test('our own copy is enough alone, and others may have a newer one', async () => {
    expect((await lookup([], { own: [1, 2] })).found?.seq).toBe(2)
    expect((await lookup(['nothing', [1, 3]], { own: [1, 2] })).found?.seq).toBe(3)
  })

  test('who stops waiting gets nothing, and at once', async () => {
    const { wire } = wireOf(['silence'])
    const heads = createHeads({
      telemetry: noTelemetry,
      wire,
      verify,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
    })
    expect(await heads.get('/ggen/a/b', { operation: untraced(AbortSignal.abort()) })).toBeUndefined()
  })

  test('of any replies a valid one is never lost, and no other wins', async () => {
    const reply = fc.oneof<fc.Arbitrary<Reply>[]>(
      fc.constant('nothing'),
      fc.constant('silence'),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 2 }),
    )
    await fc.assert(
      // The field is 10 wide: all of them are asked.
      fc.asyncProperty(fc.array(reply, { maxLength: 6 }), async (replies) => {
        // Silence to the end takes the whole timeout when nobody has a value.
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

describe('put', () => {
  test('stores here, and counts the peers that confirmed, as they do', async () => {
    const { wire, puts } = wireOf([[1], 'nothing', [1]])
    const counts: number[] = []
    const heads = createHeads({
      telemetry: noTelemetry,
      wire,
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

  test('a peer that is asked to store and says nothing holds up nobody who stops waiting', async () => {
    const { wire } = wireOf([[1], [1]])
    const stop = new AbortController()
    const heads = createHeads({
      telemetry: noTelemetry,
      wire: {
        ...wire,
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
