import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type CacheMemory, createCacheMemory } from './cache-memory.ts'
import type { CacheLimits } from './limits.ts'

const kinds = ['text', 'number'] as const
type Kind = (typeof kinds)[number]

const open = (limits: Partial<CacheLimits> = {}, onRequest = (): void => {}): CacheMemory<Kind> =>
  createCacheMemory({ kinds, now: () => 1_800_000_000_000, limits, onRequest })

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const toNumber = (bytes: Uint8Array): number => Number(toText(bytes))

describe('kinds in one memory', () => {
  test('the same key in two kinds has separate values', () => {
    const memory = open()
    const [texts, numbers] = [memory.of<string>('text'), memory.of<number>('number')]
    texts.put('a', '7', bytesOf('7'), 1_800_000_000_000)
    expect(numbers.get('a', toNumber)).toBeUndefined()
    numbers.put('a', 8, bytesOf('8'), 1_800_000_000_000)
    expect(texts.get('a', toText)).toEqual({ value: '7', from: 'hot' })
    expect(numbers.get('a', toNumber)).toEqual({ value: 8, from: 'hot' })
    numbers.remove('a')
    expect(texts.peek('a', toText)).toBe('7')
  })

  test('a kind can be used once', () => {
    const memory = open()
    memory.of('text')
    expect(() => memory.of('text')).toThrow('already in use')
  })

  test('removing by prefix leaves other prefixes and kinds alone', () => {
    const memory = open()
    const [texts, numbers] = [memory.of<string>('text'), memory.of<number>('number')]
    for (const key of ['a/1', 'a/2', 'ab/1']) texts.put(key, key, bytesOf(key), 1_800_000_000_000)
    numbers.put('a/1', 1, bytesOf('1'), 1_800_000_000_000)
    texts.removeAll('a/')
    expect(['a/1', 'a/2', 'ab/1'].map((key) => texts.peek(key, toText))).toEqual([undefined, undefined, 'ab/1'])
    expect(numbers.peek('a/1', toNumber)).toBe(1)
  })

  test('counts and reports requests by kind', () => {
    const onRequest = vi.fn()
    const memory = open({}, onRequest)
    const [texts, numbers] = [memory.of<string>('text'), memory.of<number>('number')]
    texts.count('hot')
    texts.count('missed')
    numbers.count('cold')
    const none = { hot: 0, warm: 0, cold: 0, known: 0, missed: 0 }
    expect(memory.stats().requests).toEqual({ text: { ...none, hot: 1, missed: 1 }, number: { ...none, cold: 1 } })
    expect(onRequest).toHaveBeenCalledTimes(3)
  })
})

test('all kinds share one budget of entries and bytes, and every hot entry is warm', () => {
  const step = fc.record({
    kind: fc.constantFrom(...kinds),
    key: fc.nat(20).map(String),
    size: fc.integer({ min: 1, max: 400 }),
    do: fc.constantFrom('put' as const, 'get' as const, 'remove' as const, 'removeAll' as const),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const memory = open({ hotEntries: 3, warmEntries: 8, warmBytes: 1_000 })
      const byKind = { text: memory.of<number>('text'), number: memory.of<number>('number') }
      const twin = new Map<string, number>()
      for (const { kind, key, size, do: action } of steps) {
        const part = byKind[kind]
        const decode = ({ length }: Uint8Array): number => length
        if (action === 'put') {
          twin.set(`${kind} ${key}`, size)
          part.put(key, size, new Uint8Array(size), 1_800_000_000_000)
        } else if (action === 'get') {
          const found = part.get(key, decode)
          if (found !== undefined) expect(found.value).toBe(twin.get(`${kind} ${key}`))
        } else if (action === 'remove') {
          twin.delete(`${kind} ${key}`)
          part.remove(key)
        } else {
          for (const each of [...twin.keys()]) if (each.startsWith(`${kind} ${key}`)) twin.delete(each)
          part.removeAll(key)
        }
        const { hot, warm } = memory.stats()
        expect(hot.entries).toBeLessThanOrEqual(Math.min(3, warm.entries))
        expect(warm.entries).toBeLessThanOrEqual(8)
        expect(warm.bytes).toBeLessThanOrEqual(1_000)
        for (const [name, one] of Object.entries(byKind))
          for (let n = 0; n <= 20; n += 1) {
            const held = one.peek(String(n), decode)
            if (held !== undefined) expect(held).toBe(twin.get(`${name} ${n}`))
          }
      }
    }),
    { seed: 11, numRuns: 100 },
  )
})
