import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSampleRing } from './sample-ring.ts'

const rows = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: 5_000 }),
    values: fc.tuple(fc.double(), fc.double()),
    named: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.double({ noNaN: true }), { maxKeys: 3 }),
  }),
  { maxLength: 200, size: 'max' },
)

test('keeps the latest rows as columns, like a list of rows', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 150 }), fc.nat(1_000_000), (given, capacity, since) => {
      const ring = createSampleRing({ columns: 2, capacity, names: 3 })
      let time = 0
      const all = given.map(({ afterMs, values, named }) => {
        time += afterMs
        ring.push(time, Float64Array.from(values), new Map(Object.entries(named)))
        return { time, values, named }
      })
      const kept = all.slice(-capacity)
      expect(ring.length()).toBe(kept.length)
      expect(ring.timeOf(0)).toBe(kept.at(-1)?.time)
      expect(ring.timeOf(kept.length)).toBeUndefined()

      const wanted = kept.filter((row) => row.time > since)
      const count = ring.countAfter(since)
      expect(count).toBe(wanted.length)
      const column = (copy: (into: Float64Array, count: number) => void): number[] => {
        const into = new Float64Array(count)
        copy(into, count)
        return [...into]
      }
      expect(column(ring.copyTimes)).toEqual(wanted.map((row) => row.time))
      for (const at of [0, 1] as const)
        expect(column((into) => ring.copyColumn(at, into, count))).toEqual(wanted.map((row) => row.values[at]))

      const names = ring.names()
      expect(names.length).toBeLessThanOrEqual(3)
      // Names of the newest row are never dropped.
      for (const name of Object.keys(kept.at(-1)?.named ?? {})) expect(names).toContain(name)
      // A column may have lost values when it was dropped for others, but has no wrong ones.
      for (const name of names) {
        const values = column((into) => ring.copyNamed(name, into, count))
        for (const [at, value] of values.entries())
          if (!Number.isNaN(value)) expect(value).toBe(wanted[at]?.named[name])
        const last = wanted.at(-1)?.named[name]
        if (last !== undefined) expect(values.at(-1)).toBe(last)
      }
    }),
  )
})

test('a named column without values in any row is gone, and an unknown one has no value', () => {
  const ring = createSampleRing({ columns: 0, capacity: 3, names: 3 })
  ring.push(1, new Float64Array(), new Map([['a', 1]]))
  for (const time of [2, 3]) ring.push(time, new Float64Array(), new Map())
  expect(ring.names()).toEqual(['a'])
  for (const time of [4, 5]) ring.push(time, new Float64Array(), new Map())
  expect(ring.names()).toEqual([])
  const into = new Float64Array(2)
  ring.copyNamed('a', into, 2)
  expect([...into]).toEqual([Number.NaN, Number.NaN])
})
