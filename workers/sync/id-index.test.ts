import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toHex } from '../protocol/ids.ts'
import { createIdIndex } from './id-index.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
/** Few distinct first bytes, so that ids share blocks, neighbours and prefixes. */
const nearId = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 }), id).map(([first, second, rest]) => {
  const bytes = rest.slice()
  bytes.set([first * 80, second])
  return bytes
})
/** All bits set: every sum carries. */
const fullId = fc.nat({ max: 255 }).map((last) => {
  const bytes = new Uint8Array(32).fill(255)
  bytes[31] = last
  return bytes
})

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)

/** Reference model: a sorted list and big integers. */
const createNaiveIndex = () => {
  const held = new Set<string>()
  const sorted = (): string[] => [...held].sort()
  return {
    size: () => held.size,
    add: (bytes: Uint8Array) => !held.has(toHex(bytes)) && Boolean(held.add(toHex(bytes))),
    remove: (bytes: Uint8Array) => held.delete(toHex(bytes)),
    rank: (bound: Uint8Array) => sorted().filter((each) => each < toHex(bound).padEnd(64, '0')).length,
    sum: (from: number, to: number) =>
      sorted()
        .slice(from, to)
        .reduce((sum, each) => (sum + BigInt(`0x${each}`)) % 2n ** 256n, 0n),
    list: (from: number, to: number) => sorted().slice(from, to).join(''),
  }
}

const compare = (ids: readonly Uint8Array[], removed: readonly Uint8Array[], bounds: readonly Uint8Array[]): void => {
  const index = createIdIndex()
  const naive = createNaiveIndex()
  for (const each of ids) expect(index.add(each)).toBe(naive.add(each))
  for (const each of removed) expect(index.remove(each)).toBe(naive.remove(each))
  expect(index.size()).toBe(naive.size())
  const ranks = bounds.map((bound) => index.rank(bound))
  expect(ranks).toEqual(bounds.map((bound) => naive.rank(bound)))
  ranks.push(0, index.size())
  for (const from of ranks) {
    for (const to of ranks.filter((each) => each >= from)) {
      expect(toNumber(index.sum(from, to))).toBe(naive.sum(from, to))
      expect(toHex(index.copy(from, to))).toBe(naive.list(from, to))
      if (from < to) expect(toHex(index.at(from))).toBe(naive.list(from, from + 1))
    }
  }
}

test('ranks and sums equal those of the reference model after any changes', () => {
  const ids = fc.array(fc.oneof(id, nearId, fullId), { maxLength: 80 })
  const bounds = fc.array(fc.oneof(nearId, fc.uint8Array({ maxLength: 3 })), { maxLength: 4 })
  fc.assert(
    fc.property(ids, ids, bounds, (added, others, wanted) =>
      compare(added, [...others, ...added.filter((_, at) => at % 3 === 0)], [...wanted, ...added.slice(0, 2)]),
    ),
    { seed: 11, numRuns: 200 },
  )
})

test('the same holds over many blocks and down to an empty index', () => {
  const [ids] = fc.sample(fc.array(nearId, { minLength: 2000, maxLength: 2000, size: 'max' }), { seed: 5, numRuns: 1 })
  if (ids === undefined) throw new Error('there is no sample')
  const bounds = ids.filter((_, at) => at % 400 === 7)
  compare(ids, [], bounds)
  compare(ids, ids.slice(0, 1500), bounds)
  compare(ids, ids, bounds)
})

test('an unused rank is a RangeError', () => {
  const index = createIdIndex()
  index.add(new Uint8Array(32))
  expect(() => index.at(1)).toThrow(RangeError)
  expect(() => index.sum(0, 2)).toThrow(RangeError)
  expect(() => index.copy(1, 0)).toThrow(RangeError)
})
