import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSchedule } from './schedule.ts'

const createClock = () => {
  let at = 1_000
  const pass = (ms: number): void => {
    at += ms
  }
  return { now: () => at, pass }
}
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

test('starts in order with a small window, and opens it to 2 MiB for a fast source', () => {
  const { now, pass } = createClock()
  const schedule = createSchedule(range(20), now)
  expect(schedule.next('a')).toEqual([0, 1])
  pass(10)
  expect(schedule.arrived('a', 0)).toEqual({ first: true, ms: 10 })
  expect(schedule.next('a')).toEqual([2, 3, 4, 5, 6, 7, 8])
  // Further requests wait until half of the window is free.
  for (const piece of [1, 2, 3]) {
    pass(10)
    schedule.arrived('a', piece)
    expect(schedule.next('a')).toEqual([])
  }
  pass(10)
  schedule.arrived('a', 4)
  expect(schedule.next('a')).toEqual([9, 10, 11, 12])
})

test('requests one piece at a time from a slow source', () => {
  const { now, pass } = createClock()
  const schedule = createSchedule(range(20), now)
  schedule.next('slow')
  pass(5_000)
  schedule.arrived('slow', 0)
  expect(schedule.next('slow')).toEqual([])
  pass(5_000)
  schedule.arrived('slow', 1)
  expect(schedule.next('slow')).toHaveLength(1)
})

test('reassigns the pieces of a lost source, lowest first', () => {
  const { now } = createClock()
  const schedule = createSchedule(range(6), now)
  expect(schedule.next('a')).toEqual([0, 1])
  expect(schedule.next('b')).toEqual([2, 3])
  schedule.lost('a')
  schedule.arrived('b', 2)
  expect(schedule.next('b')).toEqual([0, 1, 4, 5])
})

test('in the endgame a fast source duplicates the requests of a slow one, and the later copy is not first', () => {
  const { now, pass } = createClock()
  const schedule = createSchedule(range(4), now)
  expect(schedule.next('slow')).toEqual([0, 1])
  expect(schedule.next('fast')).toEqual([2, 3])
  pass(20)
  schedule.arrived('fast', 2)
  pass(20)
  schedule.arrived('fast', 3)
  expect(schedule.next('fast')).toEqual([0, 1])
  pass(20)
  expect(schedule.arrived('fast', 1).first).toBe(true)
  expect(schedule.arrived('fast', 0).first).toBe(true)
  expect(schedule.left).toBe(0)
  expect(schedule.arrived('slow', 0).first).toBe(false)
})

test('does not duplicate requests that their source will answer sooner', () => {
  const { now, pass } = createClock()
  const schedule = createSchedule(range(6), now)
  schedule.next('fast')
  pass(10)
  schedule.arrived('fast', 0)
  // The fast source has pieces 1 to 5; an unmeasured one is assumed to be slower.
  expect(schedule.next('fast')).toEqual([2, 3, 4, 5])
  expect(schedule.next('new')).toEqual([])
  pass(2_000)
  expect(schedule.next('new').length).toBeGreaterThan(0)
})

test('does not request an absent piece from the same source again, and detects an exhausted source', () => {
  const { now } = createClock()
  const schedule = createSchedule(range(2), now)
  expect(schedule.next('a')).toEqual([0, 1])
  schedule.absent('a', 0)
  expect(schedule.isExhausted('a')).toBe(false)
  expect(schedule.next('a')).toEqual([])
  schedule.absent('a', 1)
  expect(schedule.isExhausted('a')).toBe(true)
  expect(schedule.next('b')).toEqual([0, 1])
})

test('completes with exactly one first copy of each piece whatever sources do, with at most eight outstanding each', () => {
  const sources = ['a', 'b', 'c']
  const step = fc.record({
    source: fc.constantFrom(...sources),
    what: fc.constantFrom('answer', 'answer', 'answer', 'corrupt', 'vanish', 'absent'),
    ms: fc.integer({ min: 0, max: 3_000 }),
  })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 24 }), fc.array(step, { maxLength: 60 }), (count, steps) => {
      const { now, pass } = createClock()
      const schedule = createSchedule(range(count), now)
      const open = new Map<string, number[]>(sources.map((source) => [source, []]))
      const have = new Set<number>()
      const fill = (source: string): number[] => {
        const asked = open.get(source) ?? []
        const more = schedule.next(source)
        expect(more).toEqual(more.toSorted((a, b) => a - b))
        asked.push(...more)
        expect(asked.length).toBeLessThanOrEqual(8)
        expect(new Set(asked).size).toBe(asked.length)
        return asked
      }
      for (const { source, what, ms } of steps) {
        const asked = fill(source)
        pass(ms)
        if (what === 'vanish') {
          schedule.lost(source)
          open.set(source, [])
          continue
        }
        const piece = asked.shift()
        if (piece === undefined) continue
        if (what === 'absent') {
          schedule.absent(source, piece)
          continue
        }
        const { first } = schedule.arrived(source, piece)
        expect(first).toBe(!have.has(piece))
        if (first && what === 'corrupt') schedule.rejected(piece)
        else have.add(piece)
      }
      // A new source that answers every request completes the content.
      for (const source of sources) schedule.lost(source)
      for (let round = 0; round < 2 * count && schedule.left > 0; round += 1) {
        for (const piece of schedule.next('late')) {
          if (schedule.arrived('late', piece).first) have.add(piece)
        }
      }
      expect(schedule.left).toBe(0)
      expect([...have].sort((a, b) => a - b)).toEqual(range(count))
    }),
    { seed: 2, numRuns: 2_000 },
  )
})
