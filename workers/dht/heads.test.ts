import { EventTypes, MessageType, type QueryEvent } from '@libp2p/kad-dht'
import { describe, expect, test } from 'vitest'
import { createHeads, type FoundHead } from './heads.ts'

/** Values are `[seq]`; an empty one or `[0]` is not valid. */
const verify = async (_key: Uint8Array, value: Uint8Array): Promise<FoundHead<string> | undefined> => {
  const seq = value[0] ?? 0
  return seq === 0 ? undefined : { seq, value: `head ${seq}` }
}

const answer = (value: number[] | undefined, messageName: 'GET_VALUE' | 'PUT_VALUE' = 'GET_VALUE'): QueryEvent =>
  ({
    type: EventTypes.PEER_RESPONSE,
    name: 'PEER_RESPONSE',
    messageName,
    messageType: MessageType[messageName],
    closer: [],
    providers: [],
    ...(value === undefined ? {} : { record: { key: new Uint8Array(), value: Uint8Array.from(value) } }),
  }) as unknown as QueryEvent

const silence = (signal?: AbortSignal | null): Promise<never> =>
  new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

const never = new AbortController().signal

describe('get', () => {
  const headsOver = (get: (signal?: AbortSignal | null) => AsyncIterable<QueryEvent>) =>
    createHeads({
      dht: { get: (_key, options) => get(options?.signal), put: () => emptyQuery() },
      verify,
      now: () => performance.now(),
    })

  test('the first valid answer settles while the query would go on', async () => {
    const heads = headsOver(async function* (signal) {
      yield answer([0])
      yield answer([3])
      await silence(signal)
    })
    expect(await heads.get('/ggen/a/b', { signal: never })).toEqual({ seq: 3, value: 'head 3' })
  })

  test('answers that follow at once can raise the sequence number, never lower it', async () => {
    const heads = headsOver(async function* () {
      yield answer([3])
      yield answer([9])
      yield answer([4])
    })
    expect((await heads.get('/ggen/a/b', { signal: never }))?.seq).toBe(9)
  })

  test('an answer is not lost when the query throws after it', async () => {
    const heads = headsOver(async function* () {
      yield answer([2])
      throw new Error('a peer refused the correction')
    })
    expect((await heads.get('/ggen/a/b', { signal: never }))?.seq).toBe(2)
  })

  test('garbage and silence come to nothing found', async () => {
    const garbage = headsOver(async function* () {
      yield answer([])
      yield answer(undefined)
    })
    expect(await garbage.get('/ggen/a/b', { signal: never })).toBeUndefined()
    const silent = headsOver(async function* (signal) {
      yield answer(undefined)
      await silence(signal)
    })
    expect(await silent.get('/ggen/a/b', { signal: AbortSignal.abort() })).toBeUndefined()
  })
})

describe('put', () => {
  test('counts the peers that confirmed, and keeps the count when the query fails later', async () => {
    const counts: number[] = []
    const heads = createHeads({
      dht: {
        get: () => emptyQuery(),
        async *put() {
          yield answer(undefined)
          yield answer([1], 'PUT_VALUE')
          yield answer([1], 'PUT_VALUE')
          throw new Error('the rest is unreachable')
        },
      },
      verify,
      now: () => performance.now(),
    })
    expect(await heads.put('/ggen/a/b', new Uint8Array(), { signal: never, onConfirmed: (n) => counts.push(n) })).toBe(
      2,
    )
    expect(counts).toEqual([1, 2])
  })
})

async function* emptyQuery(): AsyncGenerator<QueryEvent> {}
