import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '../protocol/entry.ts'
import {
  entryBatchCodec,
  rangeKind,
  type SyncMessage,
  type SyncRange,
  syncMessageCodec,
} from '../protocol/sync-messages.ts'
import { untraced } from '../telemetry/operation.ts'
import { createChannels, createTestCatalogue, entry, idOf, sha256 } from '../testing/test-catalogue.ts'
import type { SyncChannel } from './channel.ts'
import { runInitiator, runResponder } from './exchange.ts'
import { createReplica } from './replica.ts'

const entriesOf = (numbers: readonly number[]): Entry[] => numbers.map((n) => entry(n))
const count = (length: number, from = 0): number[] => Array.from({ length }, (_, n) => from + n)

const createSide = (entries: readonly Entry[], isValid?: (entry: Entry) => boolean) => {
  const side = createTestCatalogue(entries, isValid)
  return { ...side, replica: createReplica(side.catalogue, { sha256 }) }
}
type Side = ReturnType<typeof createSide>

const run = async (left: Side, right: Side) => {
  const channels = createChannels()
  const [initiated, answered] = await Promise.all([
    runInitiator(channels.left, left.replica, 'right'),
    runResponder(channels.right, right.replica, 'left'),
  ])
  return { initiated, answered, count: channels.count }
}

test('after an exchange both sides have the union', async () => {
  const numbers = (most: number) => fc.uniqueArray(fc.integer({ min: 0, max: most }), { maxLength: most, size: 'max' })
  const sides = fc.oneof(
    fc.tuple(numbers(400), numbers(400)),
    // Much in common.
    fc
      .tuple(fc.nat({ max: 1500 }), numbers(20), numbers(20))
      .map(([common, left, right]) => [
        [...count(common, 100), ...left],
        [...count(common, 100), ...right],
      ]),
    // One much larger than the other.
    fc
      .tuple(fc.nat({ max: 1500 }), numbers(30))
      .map(([many, few]) => [count(many, 10), few]),
    fc.tuple(fc.nat({ max: 1500 }), numbers(30)).map(([many, few]) => [few, count(many, 10)]),
  )
  await fc.assert(
    fc.asyncProperty(sides, async ([leftNumbers = [], rightNumbers = []]) => {
      const [left, right] = [createSide(entriesOf(leftNumbers)), createSide(entriesOf(rightNumbers))]
      const { initiated, answered } = await run(left, right)
      const union = createSide(entriesOf([...leftNumbers, ...rightNumbers])).keys()
      expect(left.keys()).toEqual(union)
      expect(right.keys()).toEqual(union)
      expect(initiated.accepted).toBe(answered.sent)
      expect(answered.accepted).toBe(initiated.sent)
      // Each side is sent what it lacks, and nothing else.
      expect(initiated.accepted).toBe(union.length - new Set(leftNumbers).size)
      expect([initiated.complete, answered.complete]).toEqual([true, true])
    }),
    { seed: 7, numRuns: 60 },
  )
})

test('equal catalogues cost two messages and under 400 bytes', async () => {
  const entries = entriesOf(count(3000))
  const { initiated, answered, count: crossed } = await run(createSide(entries), createSide([...entries].reverse()))
  expect([initiated.equal, answered.equal]).toEqual([true, true])
  expect(crossed.messages).toBe(2)
  expect(crossed.bytes).toBeLessThan(400)
})

test('one difference in 3,000 costs a few kilobytes and four turns', async () => {
  const { count: crossed } = await run(createSide(entriesOf(count(3001))), createSide(entriesOf(count(3000))))
  expect(crossed.bytes).toBeLessThan(2500)
  expect(crossed.crossings).toBeLessThanOrEqual(8)
})

test('an empty peer is sent all at once, compressed, and what verifies others goes first', async () => {
  const kinds = ['head', 'release', 'page', 'identity'] as const
  const full = createSide(count(2500).map((n) => entry(n, kinds[n % 4], 600)))
  const empty = createSide([])
  const { count: crossed } = await run(empty, full)
  expect(empty.keys()).toEqual(full.keys())
  expect(crossed.bytes).toBeLessThan((2500 * 600) / 10)
  expect(empty.batches.length).toBeGreaterThan(10)
  const order = empty.batches.flat().map(({ kind }) => kind)
  const expected = ['identity', 'head', 'page', 'release']
  expect(order).toEqual([...order].sort((a, b) => expected.indexOf(a) - expected.indexOf(b)))
})

test('what comes and goes between exchanges is seen', async () => {
  const [left, right] = [createSide(entriesOf(count(100))), createSide(entriesOf(count(100)))]
  expect((await run(left, right)).initiated.equal).toBe(true)
  left.put(entry(500))
  right.remove(entry(50))
  const { initiated } = await run(left, right)
  expect(initiated).toMatchObject({ sent: 2, accepted: 0 })
  expect((await run(left, right)).initiated.equal).toBe(true)
  left.replica.stop()
  left.put(entry(501))
  expect((await run(left, right)).initiated.equal).toBe(true)
})

test('an exchange ends without blame when too many of its entries are of no use, and the others are kept', async () => {
  const liar = createSide(count(800).map((n) => entry(n, 'release', 600)))
  const honest = createSide([], ({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 2 === 0)
  const channels = createChannels()
  const answering = runResponder(channels.right, liar.replica, 'left')
  await expect(runInitiator(channels.left, honest.replica, 'right')).rejects.toMatchObject({ name: 'EntriesRefused' })
  channels.end()
  await expect(answering).rejects.toThrow('the channel ended')
  expect(honest.keys().length).toBeGreaterThan(0)
  expect(honest.keys().length).toBeLessThan(400)
})

test.each(
  [1_000, 1_100, 3_000].flatMap((many) =>
    ['today', 'later'].flatMap((first) => [[many, first, 1] as const, [many, first, 300] as const]),
  ),
)(
  'a peer of a later version with %i entries that are unknown here exchanges the rest (%s begins, %i)',
  async (many, first, own) => {
    const today = createSide(entriesOf(count(own)))
    const { ingest } = today.catalogue
    const replica = createReplica(
      {
        ...today.catalogue,
        async ingest(entries, from, operation) {
          const unknown = entries.filter(({ kind }) => kind === 'snapshot')
          const outcome = await ingest(
            entries.filter((each) => !unknown.includes(each)),
            from,
            operation,
          )
          return { ...outcome, unproven: unknown.length, unsupported: unknown.map(idOf) }
        },
      },
      { sha256 },
    )
    const unknown = count(many, 10_000).map((n) => entry(n, 'snapshot'))
    const later = createSide([...entriesOf(count(20, 5_000)), ...unknown])
    const sides = [{ ...today, replica }, later]
    if (first === 'later') sides.reverse()
    const [left, right] = sides as [Side, Side]
    // Again and again: it is no matter of which side begins, or of what is remembered.
    for (let n = 0; n < 3; n++) {
      const { initiated, answered } = await run(left, right)
      expect([initiated.complete, answered.complete]).toEqual([true, true])
      expect(today.keys()).toHaveLength(own + 20 + n)
      expect(later.keys()).toHaveLength(own + 20 + many + n)
      today.put(entry(n + 900))
    }
  },
)

// What breaks the rules.

const encode = (message: SyncMessage): Uint8Array => syncMessageCodec.encode(message)
const none = new Uint8Array(0)
const wrong = new Uint8Array(16).fill(9)
const everything: SyncRange = [none, rangeKind.fingerprint, wrong]
const hello = (entries = 5000): Uint8Array => encode({ v: 2, type: 'hello', count: entries, fingerprint: wrong })
const turn = (ranges: readonly SyncRange[], last = true, want = none): Uint8Array =>
  encode({ v: 2, type: 'ranges', ranges, want, last })
const batchOf = (entries: Entry[], last: boolean, size?: number): Uint8Array => {
  const bytes = entryBatchCodec.encode({ v: 1, entries })
  return encode({
    v: 2,
    type: 'entries',
    size: size ?? bytes.length,
    last,
    deflated: new Uint8Array(deflateRawSync(bytes)),
  })
}

/** A peer that says what `say` makes of the messages before, until it has nothing more to say. */
const createLiar = (say: (said: number, heard: readonly SyncMessage[]) => Uint8Array | undefined) => {
  const heard: SyncMessage[] = []
  const counts = { said: 0, heardBytes: 0, saidBytes: 0 }
  const channel: SyncChannel = {
    operation: untraced(),
    async send(message) {
      counts.heardBytes += message.length
      const decoded = syncMessageCodec.decode(message)
      if (decoded.ok) heard.push(decoded.value)
    },
    async receive() {
      const message = say(counts.said++, heard)
      if (message === undefined) throw new Error('the peer has ended')
      counts.saidBytes += message.length
      return message
    },
  }
  return { channel, counts, heard }
}

const catalogue = () => createSide(entriesOf(count(5000)))

/** Both roles; a hello is said first where one is due. */
const expectRefused = async (
  name: string,
  say: (said: number, heard: readonly SyncMessage[]) => Uint8Array | undefined,
  atMost: { said: number; heardBytes: number },
  reason = '',
): Promise<void> => {
  for (const [role, offset] of [[runInitiator, 0] as const, [runResponder, 1] as const]) {
    const side = catalogue()
    const liar = createLiar((said, heard) => (said < offset ? hello() : say(said - offset, heard)))
    await expect(role(liar.channel, side.replica, 'liar')).rejects.toMatchObject({
      name,
      message: expect.stringContaining(reason),
    })
    expect(liar.counts.said).toBeLessThanOrEqual(atMost.said + offset)
    expect(liar.counts.heardBytes).toBeLessThanOrEqual(atMost.heardBytes)
    expect(side.keys().length).toBe(5000)
  }
}

const few = { said: 3, heardBytes: 20_000 }

test.each<[string, string, (said: number) => Uint8Array]>([
  ['garbage', 'RecordMalformed', () => new Uint8Array(2000).fill(0xa5)],
  ['an oversized message', 'RecordTooLarge', () => new Uint8Array(10_000_000)],
  ['a second hello', 'RecordMalformed', () => hello()],
  ['entries before they are due', 'RecordMalformed', () => batchOf([entry(1)], true)],
  ['leave to go on before it is due', 'RecordMalformed', () => encode({ v: 2, type: 'more' })],
  ['a turn of empty parts', 'RecordMalformed', () => turn([], false)],
  [
    'ranges that go backwards',
    'RecordMalformed',
    () =>
      turn([
        [new Uint8Array([9]), 1, wrong],
        [new Uint8Array([8]), 1, wrong],
      ]),
  ],
  [
    'a range twice',
    'RecordMalformed',
    () =>
      turn([
        [new Uint8Array([9]), 1, wrong],
        [new Uint8Array([9, 0]), 1, wrong],
      ]),
  ],
  ['ranges after the last', 'RecordMalformed', () => turn([everything, everything])],
  ['wishes that were not offered', 'RecordMalformed', () => turn([], true, wrong)],
])('%s ends the exchange with a named failure', async (_, name, message) => {
  await expectRefused(name, message, few)
})

test('equality where it is not due ends the exchange', async () => {
  const liar = createLiar((said) => (said === 0 ? hello() : encode({ v: 2, type: 'equal' })))
  await expect(runResponder(liar.channel, catalogue().replica, 'liar')).rejects.toMatchObject({
    name: 'RecordMalformed',
  })
})

test('a peer whose fingerprints never fit is left after some turns, and each id was listed to it once', async () => {
  // It repeats each of our ranges with a wrong fingerprint, so that nothing ever settles.
  const repeat = (_: number, heard: readonly SyncMessage[]): Uint8Array => {
    const latest = heard.at(-1)
    if (latest?.type !== 'ranges') return turn([everything])
    return turn(latest.ranges.map(([upper, kind]) => (kind === 1 ? [upper, 1, wrong] : [upper, 0, none])))
  }
  for (const [role, offset] of [[runInitiator, 0] as const, [runResponder, 1] as const]) {
    const liar = createLiar((said, heard) => (said < offset ? hello() : repeat(said, heard)))
    const result = role(liar.channel, catalogue().replica, 'liar')
    await expect(result).rejects.toMatchObject({ name: 'RecordMalformed' })
    const listed = liar.heard.flatMap((message) =>
      message.type === 'ranges' ? message.ranges.filter(([, kind]) => kind === rangeKind.list) : [],
    )
    expect(listed.reduce((sum, [, , content]) => sum + content.length / 16, 0)).toBeLessThanOrEqual(5000)
    expect(liar.counts.said).toBeLessThan(40)
  }
})

test('turns without end are refused', async () => {
  // It keeps the lowest range in question, which would settle at last; but new ids come there all the time.
  const side = catalogue()
  let next = 1_000_000
  const liar = createLiar((_, heard) => {
    for (let n = 0; n < 3000; n++) {
      const id = new Uint8Array(32)
      new DataView(id.buffer).setUint32(28, next--)
      side.replica.index.add(id)
    }
    const latest = heard.at(-1)
    const first = latest?.type === 'ranges' ? latest.ranges[0] : undefined
    return turn([first === undefined ? everything : [first[0], 1, wrong]])
  })
  await expect(runInitiator(liar.channel, side.replica, 'liar')).rejects.toMatchObject({
    name: 'RecordMalformed',
    reason: { detail: 'no end within 16 turns' },
  })
  expect(liar.counts.said).toBeLessThanOrEqual(8)
})

test('a range that was settled cannot be opened again', async () => {
  const upper = new Uint8Array([0x80])
  await expectRefused(
    'RecordMalformed',
    (said, heard) => {
      if (said === 0) return turn([[upper, 1, wrong]])
      const latest = heard.at(-1)
      // Not within what was answered: the other half.
      return latest?.type === 'ranges'
        ? turn([
            [upper, 0, none],
            [none, 1, wrong],
          ])
        : undefined
    },
    few,
    'not in question',
  )
})

test('a range wider than those in question is refused', async () => {
  await expectRefused('RecordMalformed', () => turn([everything]), few, 'not in question')
})

test('an id may be asked for once', async () => {
  // A wide range is narrowed to a list, then its first id is asked for twice.
  const narrow = (_: number, heard: readonly SyncMessage[]): Uint8Array | undefined => {
    const latest = heard.at(-1)
    if (latest?.type !== 'ranges') return turn([everything])
    const list = latest.ranges.find(([, kind]) => kind === rangeKind.list)
    if (list !== undefined) {
      const start = list[2].subarray(0, 16)
      return turn([], true, new Uint8Array([...start, ...start]))
    }
    const [first] = latest.ranges
    return first === undefined ? undefined : turn([[first[0], 1, wrong]])
  }
  await expectRefused('RecordMalformed', narrow, { said: 8, heardBytes: 30_000 }, 'unannounced')
})

test.each<[string, string, (said: number) => Uint8Array]>([
  ['that unfolds to more than it says', 'RecordTooLarge', () => batchOf([entry(9000)], false, 5)],
  ['that unfolds to less than it says', 'RecordMalformed', () => batchOf([entry(9000)], false, 500)],
  [
    'that is garbage',
    'RecordMalformed',
    () =>
      encode({
        v: 2,
        type: 'entries',
        size: 5,
        deflated: new Uint8Array(deflateRawSync(wrong.subarray(0, 5))),
        last: true,
      }),
  ],
  [
    'without entries that goes on',
    'RecordMalformed',
    () => encode({ v: 2, type: 'entries', size: 0, deflated: none, last: false }),
  ],
])('a batch %s ends the exchange', async (_, name, message) => {
  const liar = createLiar((said) => (said === 0 ? turn([]) : message(said)))
  await expect(runInitiator(liar.channel, catalogue().replica, 'liar')).rejects.toMatchObject({ name })
})

test('batches without end are refused', async () => {
  const batch = Array.from({ length: 256 }, (_, n) => entry(n, 'release', 8))
  const bytes = batchOf(batch, false)
  const liar = createLiar((said) => (said === 0 ? turn([]) : bytes))
  await expect(runInitiator(liar.channel, catalogue().replica, 'liar')).rejects.toMatchObject({
    name: 'RecordTooLarge',
  })
  expect(liar.counts.said).toBeLessThan(800)
})

test('hostile changes to an honest exchange end it, one way or the other, and leave what is valid', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 12 }),
      fc.nat({ max: 3000 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, byte, flip) => {
        const [left, right] = [createSide(entriesOf(count(300))), createSide(entriesOf(count(300, 150)))]
        const channels = createChannels()
        let sent = 0
        const damaged: SyncChannel = {
          operation: untraced(),
          receive: channels.right.receive,
          send(message) {
            const copy = message.slice()
            if (sent++ === at) copy[byte % copy.length] = (copy[byte % copy.length] ?? 0) ^ flip
            return channels.right.send(copy)
          },
        }
        const ending = <T>(result: Promise<T>) =>
          result.then(
            () => 'ended well',
            (error: Error) => {
              channels.end()
              return error.name
            },
          )
        const [mine] = await Promise.all([
          ending(runInitiator(channels.left, left.replica, 'right')),
          ending(runResponder(damaged, right.replica, 'left')),
        ])
        expect(['ended well', 'RecordMalformed', 'RecordTooLarge', 'RecordUnsupported', 'Error']).toContain(mine)
        expect(left.keys().length).toBeGreaterThanOrEqual(300)
      },
    ),
    { seed: 19, numRuns: 100 },
  )
})
