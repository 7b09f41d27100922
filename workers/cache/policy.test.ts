import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPolicy } from './policy.ts'

const key = fc.integer({ min: 0, max: 30 }).map(String)
const step = fc.oneof(
  { weight: 6, arbitrary: key.map((of) => ({ kind: 'request' as const, of })) },
  { weight: 2, arbitrary: key.map((of) => ({ kind: 'put' as const, of })) },
  { weight: 1, arbitrary: key.map((of) => ({ kind: 'remove' as const, of })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'evict' as const, of: '' }) },
)

test('matches a plain set that follows the policy, within the capacity', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 400 }), (capacity, steps) => {
      const policy = createPolicy(capacity)
      const twin = new Set<string>()
      const add = (of: string): void => {
        twin.add(of)
        const gone = policy.add(of)
        if (gone !== undefined) expect(twin.delete(gone)).toBe(true)
      }
      for (const { kind, of } of steps) {
        if (kind === 'request') {
          expect(policy.touch(of)).toBe(twin.has(of))
          if (!twin.has(of)) add(of)
        } else if (kind === 'put') {
          add(of)
        } else if (kind === 'remove') {
          expect(policy.remove(of)).toBe(twin.delete(of))
        } else {
          const gone = policy.evict()
          expect(gone === undefined ? twin.size === 0 : twin.delete(gone)).toBe(true)
        }
        expect(policy.size).toBe(twin.size)
        expect(policy.size).toBeLessThanOrEqual(capacity)
        expect(policy.has(of)).toBe(twin.has(of))
      }
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('evicts nothing below its capacity', () => {
  const policy = createPolicy(100)
  for (let n = 0; n < 100; n += 1) expect(policy.add(`k${n}`)).toBeUndefined()
  expect(policy.size).toBe(100)
})

test('a scan of one-off keys does not evict frequently used keys', () => {
  const policy = createPolicy(100)
  const used = Array.from({ length: 90 }, (_, n) => `used-${n}`)
  for (let round = 0; round < 5; round += 1) for (const each of used) if (!policy.touch(each)) policy.add(each)
  for (let n = 0; n < 5_000; n += 1) if (!policy.touch(`scan-${n}`)) policy.add(`scan-${n}`)
  expect(used.filter((each) => policy.has(each)).length).toBeGreaterThanOrEqual(89)
})

test('a scan does not evict keys that are requested rarely but repeatedly', () => {
  const policy = createPolicy(100)
  const request = (of: string): void => {
    if (!policy.touch(of)) policy.add(of)
  }
  for (let round = 0; round < 80; round += 1) {
    for (let n = 0; n < 40; n += 1) request(`often-${n}`)
    if (round % 10 === 0) for (let n = 0; n < 40; n += 1) request(`rarely-${n}`)
  }
  for (let n = 0; n < 5_000; n += 1) request(`scan-${n}`)
  const held = Array.from({ length: 40 }, (_, n) => policy.has(`rarely-${n}`)).filter(Boolean).length
  expect(held).toBeGreaterThan(38)
})

test('formerly popular keys are evicted in favour of currently requested ones', () => {
  const policy = createPolicy(100)
  const request = (of: string): void => {
    if (!policy.touch(of)) policy.add(of)
  }
  for (let round = 0; round < 400; round += 1) for (let n = 0; n < 50; n += 1) request(`old-${n}`)
  for (let round = 0; round < 8; round += 1) for (let n = 0; n < 100; n += 1) request(`new-${n}`)
  const held = Array.from({ length: 100 }, (_, n) => policy.has(`new-${n}`)).filter(Boolean).length
  expect(held).toBeGreaterThan(80)
})

test('a returning key is recognized and outlasts one-off keys', () => {
  const policy = createPolicy(10)
  for (let n = 0; n < 50; n += 1) for (const each of ['a', 'b', 'c']) if (!policy.touch(each)) policy.add(each)
  policy.remove('a')
  expect(policy.has('a')).toBe(false)
  expect(policy.touch('a')).toBe(false)
  policy.add('a')
  for (let n = 0; n < 40; n += 1) if (!policy.touch(`once-${n}`)) policy.add(`once-${n}`)
  expect(policy.has('a')).toBe(true)
})

test('a loop longer than the capacity keeps a part of its keys', () => {
  const policy = createPolicy(100)
  let hits = 0
  for (let n = 0; n < 20_000; n += 1) {
    const of = `k${n % 150}`
    if (!policy.touch(of)) policy.add(of)
    else if (n >= 10_000) hits += 1
  }
  // No policy reaches more than 100 of 150.
  expect(hits / 10_000).toBeGreaterThan(0.6)
})
