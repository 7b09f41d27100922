import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '../protocol/entry.ts'
import { toHex } from '../protocol/ids.ts'
import { syncMessageCodec } from '../protocol/sync-messages.ts'
import { type MessageChannel, runInitiator, runResponder, type SyncCatalogue } from './exchange.ts'

const idOf = (entry: Entry): Uint8Array => new Uint8Array(createHash('sha256').update(entry.bytes).digest())

const entry = (n: number, kind: Entry['kind'] = 'release', size = 40): Entry => {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, n)
  return { kind, bytes }
}

/** A catalogue that takes everything but what `isValid` refuses. */
const createCatalogue = (entries: Entry[], isValid: (entry: Entry) => boolean = () => true) => {
  const byId = new Map(entries.map((each) => [toHex(idOf(each)), each]))
  const batches: Entry[][] = []
  const catalogue: SyncCatalogue = {
    ids: () => [...byId.values()].map(idOf),
    entries: async (ids) => ids.flatMap((id) => byId.get(toHex(id)) ?? []),
    async ingest(received) {
      batches.push([...received])
      const valid = received.filter(isValid)
      for (const each of valid) byId.set(toHex(idOf(each)), each)
      return { accepted: valid.length, rejected: received.length - valid.length }
    },
  }
  return { catalogue, batches, keys: () => [...byId.keys()].sort() }
}

/** Two ends of a lossless ordered channel; `end` makes both reject. */
const createChannels = () => {
  let bytes = 0
  let failed: Error | undefined
  const side = () => ({ queue: [] as Uint8Array[], wake: undefined as (() => void) | undefined })
  const [left, right] = [side(), side()]
  const channel = (own: typeof left, other: typeof left): MessageChannel => ({
    async send(message) {
      bytes += message.length
      other.queue.push(message)
      other.wake?.()
    },
    async receive() {
      while (own.queue.length === 0) {
        if (failed !== undefined) throw failed
        await new Promise<void>((resolve) => {
          own.wake = resolve
        })
      }
      return own.queue.shift() as Uint8Array
    },
  })
  return {
    left: channel(left, right),
    right: channel(right, left),
    bytes: () => bytes,
    end() {
      failed = new Error('the channel ended')
      left.wake?.()
      right.wake?.()
    },
  }
}

test('after an exchange both sides have the union', async () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 120 })
  await fc.assert(
    fc.asyncProperty(numbers, numbers, async (leftNumbers, rightNumbers) => {
      const left = createCatalogue(leftNumbers.map((n) => entry(n)))
      const right = createCatalogue(rightNumbers.map((n) => entry(n)))
      const channels = createChannels()
      const [initiated, answered] = await Promise.all([
        runInitiator(channels.left, left.catalogue, 'right'),
        runResponder(channels.right, right.catalogue, 'left'),
      ])
      const union = createCatalogue([...leftNumbers, ...rightNumbers].map((n) => entry(n))).keys()
      expect(left.keys()).toEqual(union)
      expect(right.keys()).toEqual(union)
      expect(initiated.accepted).toBe(answered.sent)
      expect(answered.accepted).toBe(initiated.sent)
    }),
    { seed: 7, numRuns: 100 },
  )
})

test('equal catalogues cost two hellos', async () => {
  const entries = Array.from({ length: 3000 }, (_, n) => entry(n))
  const channels = createChannels()
  const [result] = await Promise.all([
    runInitiator(channels.left, createCatalogue(entries).catalogue, 'right'),
    runResponder(channels.right, createCatalogue([...entries].reverse()).catalogue, 'left'),
  ])
  expect(result.equal).toBe(true)
  expect(channels.bytes()).toBeLessThan(400)
})

test('large catalogues cross in parts, and what verifies others goes first', async () => {
  const kinds = ['head', 'release', 'page', 'identity'] as const
  const full = createCatalogue(Array.from({ length: 2500 }, (_, n) => entry(n, kinds[n % 4], 600)))
  const empty = createCatalogue([])
  const channels = createChannels()
  await Promise.all([
    runInitiator(channels.left, empty.catalogue, 'right'),
    runResponder(channels.right, full.catalogue, 'left'),
  ])
  expect(empty.keys()).toEqual(full.keys())
  expect(empty.batches.length).toBeGreaterThan(10)
  const order = empty.batches.flat().map(({ kind }) => kind)
  const expected = ['identity', 'head', 'page', 'release']
  expect(order).toEqual([...order].sort((a, b) => expected.indexOf(a) - expected.indexOf(b)))
})

test('a peer that sends invalid entries is left, and its valid ones are kept', async () => {
  const liar = createCatalogue(Array.from({ length: 800 }, (_, n) => entry(n, 'release', 600)))
  const honest = createCatalogue([], ({ bytes }) => new DataView(bytes.buffer).getUint32(0) % 2 === 0)
  const channels = createChannels()
  const answering = runResponder(channels.right, liar.catalogue, 'left')
  await expect(runInitiator(channels.left, honest.catalogue, 'right')).rejects.toMatchObject({
    name: 'SignatureInvalid',
  })
  channels.end()
  await expect(answering).rejects.toThrow('the channel ended')
  expect(honest.keys().length).toBeGreaterThan(0)
  expect(honest.keys().length).toBeLessThan(400)
})

test.each([
  ['garbage', () => new Uint8Array(2000).fill(0xa5), 'RecordMalformed'],
  ['an oversized message', () => new Uint8Array(10_000_000), 'RecordTooLarge'],
  [
    'a message out of turn',
    () => syncMessageCodec.encode({ v: 1, type: 'want', ids: [], last: true }),
    'RecordMalformed',
  ],
])('%s ends the exchange with a named failure', async (_, message, name) => {
  const channels = createChannels()
  await channels.right.send(message())
  await expect(runInitiator(channels.left, createCatalogue([entry(1)]).catalogue, 'peer')).rejects.toMatchObject({
    name,
  })
  const answering = createChannels()
  await answering.left.send(message())
  await expect(runResponder(answering.right, createCatalogue([entry(1)]).catalogue, 'peer')).rejects.toMatchObject({
    name,
  })
})

test('a list of empty parts that never ends is refused', async () => {
  const channels = createChannels()
  const { right } = channels
  await right.send(syncMessageCodec.encode({ v: 1, type: 'hello', count: 9, fingerprint: new Uint8Array(32) }))
  await right.send(syncMessageCodec.encode({ v: 1, type: 'entries', entries: [], last: false }))
  await expect(runInitiator(channels.left, createCatalogue([entry(1)]).catalogue, 'peer')).rejects.toMatchObject({
    name: 'RecordMalformed',
  })
})
