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
    // Large intersection.
    fc
      .tuple(fc.nat({ max: 1500 }), numbers(20), numbers(20))
      .map(([common, left, right]) => [
        [...count(common, 100), ...left],
        [...count(common, 100), ...right],
      ]),
    // Very different sizes.
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
      // Each side receives exactly the entries that it lacks.
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

test('one difference in 3,000 entries costs a few kilobytes and four turns', async () => {
  const { count: crossed } = await run(createSide(entriesOf(count(3001))), createSide(entriesOf(count(3000))))
  expect(crossed.bytes).toBeLessThan(2500)
  expect(crossed.crossings).toBeLessThanOrEqual(8)
})

test('an empty peer receives everything at once, compressed and in dependency order', async () => {
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

test('an exchange reflects entries added and removed before it', async () => {
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

test('an exchange with too many useless entries ends without penalty and keeps the others', async () => {
  const dishonest = createSide(count(800).map((n) => entry(n, 'release', 600)))
  const honest = createSide([], ({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % 2 === 0)
  const channels = createChannels()
  const answering = runResponder(channels.right, dishonest.replica, 'left')
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
    // Repeated: neither the initiating side nor earlier exchanges matter.
    for (let n = 0; n < 3; n++) {
      const { initiated, answered } = await run(left, right)
      expect([initiated.complete, answered.complete]).toEqual([true, true])
      expect(today.keys()).toHaveLength(own + 20 + n)
      expect(later.keys()).toHaveLength(own + 20 + many + n)
      today.put(entry(n + 900))
    }
  },
)

// Violations.

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

/** A peer that sends what `say` returns for the messages before, until it returns undefined. */
const createScriptedPeer = (say: (said: number, heard: readonly SyncMessage[]) => Uint8Array | undefined) => {
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

/** Runs both roles; sends a hello first where one is due. */
const expectRefused = async (
  name: string,
  say: (said: number, heard: readonly SyncMessage[]) => Uint8Array | undefined,
  atMost: { said: number; heardBytes: number },
  reason = '',
): Promise<void> => {
  for (const [role, offset] of [[runInitiator, 0] as const, [runResponder, 1] as const]) {
    const side = catalogue()
    const dishonest = createScriptedPeer((said, heard) => (said < offset ? hello() : say(said - offset, heard)))
    await expect(role(dishonest.channel, side.replica, 'dishonest')).rejects.toMatchObject({
      name,
      message: expect.stringContaining(reason),
    })
    expect(dishonest.counts.said).toBeLessThanOrEqual(atMost.said + offset)
    expect(dishonest.counts.heardBytes).toBeLessThanOrEqual(atMost.heardBytes)
    expect(side.keys().length).toBe(5000)
  }
}

const few = { said: 3, heardBytes: 20_000 }

test.each<[string, string, (said: number) => Uint8Array]>([
  ['garbage', 'RecordMalformed', () => new Uint8Array(2000).fill(0xa5)],
  ['an oversized message', 'RecordTooLarge', () => new Uint8Array(10_000_000)],
  ['a second hello', 'RecordMalformed', () => hello()],
  ['entries out of turn', 'RecordMalformed', () => batchOf([entry(1)], true)],
  ['an acknowledgement out of turn', 'RecordMalformed', () => encode({ v: 2, type: 'more' })],
  ['a turn of empty parts', 'RecordMalformed', () => turn([], false)],
  [
    'ranges in descending order',
    'RecordMalformed',
    () =>
      turn([
        [new Uint8Array([9]), 1, wrong],
        [new Uint8Array([8]), 1, wrong],
      ]),
  ],
  [
    'overlapping ranges',
    'RecordMalformed',
    () =>
      turn([
        [new Uint8Array([9]), 1, wrong],
        [new Uint8Array([9, 0]), 1, wrong],
      ]),
  ],
  ['ranges after the last', 'RecordMalformed', () => turn([everything, everything])],
  ['requests for ids that were not offered', 'RecordMalformed', () => turn([], true, wrong)],
])('%s ends the exchange with a named failure', async (_, name, message) => {
  await expectRefused(name, message, few)
})

test('an `equal` message out of turn ends the exchange', async () => {
  const dishonest = createScriptedPeer((said) => (said === 0 ? hello() : encode({ v: 2, type: 'equal' })))
  await expect(runResponder(dishonest.channel, catalogue().replica, 'dishonest')).rejects.toMatchObject({
    name: 'RecordMalformed',
  })
})

test('gives up a peer whose fingerprints never match and lists each id to it once', async () => {
  // It repeats each of our ranges with a wrong fingerprint, so that no range ever settles.
  const repeat = (_: number, heard: readonly SyncMessage[]): Uint8Array => {
    const latest = heard.at(-1)
    if (latest?.type !== 'ranges') return turn([everything])
    return turn(latest.ranges.map(([upper, kind]) => (kind === 1 ? [upper, 1, wrong] : [upper, 0, none])))
  }
  for (const [role, offset] of [[runInitiator, 0] as const, [runResponder, 1] as const]) {
    const dishonest = createScriptedPeer((said, heard) => (said < offset ? hello() : repeat(said, heard)))
    const result = role(dishonest.channel, catalogue().replica, 'dishonest')
    await expect(result).rejects.toMatchObject({ name: 'RecordMalformed' })
    const listed = dishonest.heard.flatMap((message) =>
      message.type === 'ranges' ? message.ranges.filter(([, kind]) => kind === rangeKind.list) : [],
    )
    expect(listed.reduce((sum, [, , content]) => sum + content.length / 16, 0)).toBeLessThanOrEqual(5000)
    expect(dishonest.counts.said).toBeLessThan(40)
  }
})

test('endless turns are refused', async () => {
  // It keeps the lowest range open, which would settle in the end, but new ids keep arriving there.
  const side = catalogue()
  let next = 1_000_000
  const dishonest = createScriptedPeer((_, heard) => {
    for (let n = 0; n < 3000; n++) {
      const id = new Uint8Array(32)
      new DataView(id.buffer).setUint32(28, next--)
      side.replica.index.add(id)
    }
    const latest = heard.at(-1)
    const first = latest?.type === 'ranges' ? latest.ranges[0] : undefined
    return turn([first === undefined ? everything : [first[0], 1, wrong]])
  })
  await expect(runInitiator(dishonest.channel, side.replica, 'dishonest')).rejects.toMatchObject({
    name: 'RecordMalformed',
    reason: { detail: 'no end within 16 turns' },
  })
  expect(dishonest.counts.said).toBeLessThanOrEqual(8)
})

test('a settled range cannot be reopened', async () => {
  const upper = new Uint8Array([0x80])
  await expectRefused(
    'RecordMalformed',
    (said, heard) => {
      if (said === 0) return turn([[upper, 1, wrong]])
      const latest = heard.at(-1)
      // Outside the described range: the other half.
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

test('a range wider than the open ones is refused', async () => {
  await expectRefused('RecordMalformed', () => turn([everything]), few, 'not in question')
})

test('an id may be requested only once', async () => {
  // Narrows a wide range to a list, then requests its first id twice.
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
  ['that inflates to more than declared', 'RecordTooLarge', () => batchOf([entry(9000)], false, 5)],
  ['that inflates to less than declared', 'RecordMalformed', () => batchOf([entry(9000)], false, 500)],
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
    'without entries that is not the last',
    'RecordMalformed',
    () => encode({ v: 2, type: 'entries', size: 0, deflated: none, last: false }),
  ],
])('a batch %s ends the exchange', async (_, name, message) => {
  const dishonest = createScriptedPeer((said) => (said === 0 ? turn([]) : message(said)))
  await expect(runInitiator(dishonest.channel, catalogue().replica, 'dishonest')).rejects.toMatchObject({ name })
})

test('endless batches are refused', async () => {
  const batch = Array.from({ length: 256 }, (_, n) => entry(n, 'release', 8))
  const bytes = batchOf(batch, false)
  const dishonest = createScriptedPeer((said) => (said === 0 ? turn([]) : bytes))
  await expect(runInitiator(dishonest.channel, catalogue().replica, 'dishonest')).rejects.toMatchObject({
    name: 'RecordTooLarge',
  })
  expect(dishonest.counts.said).toBeLessThan(800)
})

test('mutated messages end an exchange with or without a failure, and valid entries stay', async () => {
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
