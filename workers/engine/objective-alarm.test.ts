import { expect, test } from 'vitest'
import type { ObjectiveState } from '../contract/telemetry-views.ts'
import { calmMs, createObjectiveAlarm } from './objective-alarm.ts'

const createTimed = () => {
  let time = 0
  const alarm = createObjectiveAlarm(() => time)
  return (state: ObjectiveState, afterMs = 5_000): boolean => {
    time += afterMs
    return alarm.take(state)
  }
}

test('a breach is reported once, however long it lasts', () => {
  const take = createTimed()
  expect(take('ok')).toBe(false)
  expect(take('breached')).toBe(true)
  for (let hours = 0; hours < 10; hours += 1) expect(take('breached', 3_600_000)).toBe(false)
})

test('an objective that is breached from the first judgement on is reported', () => {
  expect(createTimed()('breached')).toBe(true)
})

test('a value that swings around the alert value is one breach', () => {
  const take = createTimed()
  take('breached')
  for (let times = 0; times < 200; times += 1) {
    expect(take('at risk')).toBe(false)
    expect(take('breached')).toBe(false)
  }
})

test.each<ObjectiveState>(['ok', 'at risk', 'no data'])(
  'after a while of “%s” the next breach is a new one',
  (state) => {
    const take = createTimed()
    take('breached')
    take(state)
    expect(take('breached', calmMs - 1)).toBe(false)
    take(state)
    take(state, calmMs / 2)
    expect(take('breached', calmMs / 2)).toBe(true)
  },
)
