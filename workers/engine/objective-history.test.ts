import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFigureHistory } from './objective-history.ts'

const minuteMs = 60_000

const createTimed = () => {
  let time = 0
  const history = createFigureHistory<number>(() => time)
  return {
    history,
    /** Adds `figures` `afterMs` later. */
    add(afterMs: number, figures: number) {
      time += afterMs
      history.add(figures)
    },
    wait(ms: number) {
      time += ms
    },
  }
}

test('in the first hour the figures are those since the start', () => {
  const { history, add } = createTimed()
  add(5_000, 1)
  for (let minute = 1; minute < 60; minute += 1) add(minuteMs, 1 + minute)
  expect(history.hourAgo()).toBeUndefined()
  add(minuteMs, 61)
  expect(history.hourAgo()).toBe(1)
  add(minuteMs, 62)
  expect(history.hourAgo()).toBe(2)
})

test('a frozen tab continues from the figures before it froze', () => {
  const { history, add, wait } = createTimed()
  for (let minute = 0; minute <= 90; minute += 1) add(minuteMs, minute)
  wait(5 * 60 * minuteMs)
  expect(history.hourAgo()).toBe(90)
  add(1, 91)
  expect(history.hourAgo()).toBe(90)
  for (let minute = 0; minute < 30; minute += 1) add(minuteMs, 100 + minute)
  expect(history.hourAgo()).toBe(90)
})

test('the window is an hour long, to the minute, whenever figures are added', () => {
  const steps = fc.array(fc.integer({ min: 1, max: 3 * 60 * minuteMs }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(steps, (waits) => {
      const added: number[] = []
      let time = 0
      const history = createFigureHistory<number>(() => time)
      for (const wait of waits) {
        time += wait
        history.add(time)
        added.push(time)
        const hourAgo = history.hourAgo()
        const older = added.filter((each) => each <= time - 60 * minuteMs)
        const newest = older.at(-1)
        expect(hourAgo === undefined).toBe(newest === undefined)
        if (hourAgo === undefined || newest === undefined) continue
        expect(older).toContain(hourAgo)
        expect(newest - hourAgo).toBeLessThan(minuteMs)
      }
    }),
  )
})
