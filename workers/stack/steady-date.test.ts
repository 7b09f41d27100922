import { afterEach, expect, test, vi } from 'vitest'
import { installSteadyDate, steadyFrom, wallNow } from './steady-date.ts'

const dayMs = 86_400_000
const undos: (() => void)[] = []
afterEach(() => {
  for (const undo of undos.splice(0).reverse()) undo()
  vi.restoreAllMocks()
})

/** Moves the system clock of the running process by `ms`. */
const setClock = (ms: number): void => {
  const real = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
}

test.each([3 * dayMs * 365, dayMs, -dayMs, -3 * dayMs * 365])(
  'setting the clock by %i ms does not move the current date',
  (ms) => {
    const SystemDate = Date
    undos.push(installSteadyDate())
    const before = Date.now()
    const real = SystemDate.now
    vi.spyOn(SystemDate, 'now').mockImplementation(() => real() + ms)
    const made = new Date()
    for (const now of [Date.now(), made.getTime(), Date.parse(Date())]) {
      expect(now).toBeGreaterThanOrEqual(before - 1_000)
      expect(now).toBeLessThan(before + dayMs / 2)
    }
    // Only the wall clock shows the change.
    expect(Math.abs(wallNow() - before)).toBeGreaterThan(dayMs / 2)
  },
)

test('dates with arguments are ordinary dates', () => {
  undos.push(installSteadyDate())
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z')
  expect(new Date(2026, 0, 2).getDate()).toBe(2)
  expect(new Date('2026-11-27T00:00:00Z').getTime()).toBe(Date.UTC(2026, 10, 27))
  expect(new Date() instanceof Date).toBe(true)
  expect(structuredClone(new Date(7))).toEqual(new Date(7))
  class Later extends Date {}
  expect(new Later(5)).toBeInstanceOf(Later)
  expect(new Later(5).getTime()).toBe(5)
  expect(() => new Date(Number.NaN).toISOString()).toThrow(RangeError)
})

test('installs once and can be undone', () => {
  const SystemDate = Date
  const undo = installSteadyDate()
  const steady = Date
  installSteadyDate()()
  expect(Date).toBe(steady)
  undo()
  expect(Date).toBe(SystemDate)
  expect(Math.abs(wallNow() - Date.now())).toBeLessThan(60_000)
})

test('a steady clock starts at the given clock and does not follow it', () => {
  let given = 5 * dayMs
  const now = steadyFrom(() => given)
  given -= dayMs
  expect(now()).toBeGreaterThanOrEqual(5 * dayMs)
  expect(now()).toBeLessThan(6 * dayMs)
  setClock(dayMs)
  expect(now()).toBeLessThan(6 * dayMs)
})
