import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLruMap } from './lru-map.ts'

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')

/** Reference model: keys in the order of their last use. */
const createModel = (capacity: number) => {
  let entries: (readonly [string, number])[] = []
  const find = (wanted: string) => entries.find(([each]) => each === wanted)?.[1]
  const without = (wanted: string) => entries.filter(([each]) => each !== wanted)
  return {
    find,
    set(wanted: string, value: number) {
      entries = [...without(wanted), [wanted, value] as const].slice(-capacity)
    },
    use(wanted: string) {
      const value = find(wanted)
      if (value !== undefined) entries = [...without(wanted), [wanted, value] as const]
      return value
    },
    delete(wanted: string) {
      const had = find(wanted) !== undefined
      entries = without(wanted)
      return had
    },
    values: () => entries.map(([, value]) => value),
  }
}

test('holds the most recently used entries, as many as its capacity', () => {
  const calls = fc.array(fc.tuple(fc.constantFrom('set', 'get', 'peek', 'create', 'delete'), key), { maxLength: 80 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), calls, (capacity, script) => {
      const map = createLruMap<number>(capacity)
      const model = createModel(capacity)
      script.forEach(([call, key], value) => {
        if (call === 'set') {
          map.set(key, value)
          model.set(key, value)
        } else if (call === 'get') expect(map.get(key)).toBe(model.use(key))
        else if (call === 'peek') expect(map.peek(key)).toBe(model.find(key))
        else if (call === 'delete') expect(map.delete(key)).toBe(model.delete(key))
        else {
          const existing = model.use(key)
          expect(map.getOrCreate(key, () => value)).toBe(existing ?? value)
          if (existing === undefined) model.set(key, value)
        }
        expect([...map.values()]).toEqual(model.values())
        expect(map.size()).toBe(model.values().length)
      })
    }),
    { seed: 6, numRuns: 1_000 },
  )
})
