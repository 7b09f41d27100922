import { describe, expect, it } from 'vitest'
import { createUncaughtErrors } from './uncaught-errors.ts'

const create = () => {
  const lines: string[] = []
  const clock = { now: 0 }
  const lastResort = createUncaughtErrors({ log: (line) => lines.push(line), now: () => clock.now })
  return { lines, clock, lastResort }
}

const unshowable = {
  toString() {
    throw new Error('no')
  },
}

describe('createLastResort', () => {
  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['a string', 'text', 'text'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), 'cannot be shown'],
    ['an object that throws when it is shown', unshowable, 'cannot be shown'],
    [
      'an error whose stack throws',
      Object.defineProperty(new Error('x'), 'stack', { get: () => unshowable.toString() }),
      'cannot be shown',
    ],
    ['a symbol', Symbol('sign'), 'sign'],
  ])('shows %s and keeps serving', (_what, thrown, shown) => {
    const { lastResort, lines } = create()
    expect(lastResort.take(thrown)).toBe('serve')
    expect(lines.join('\n')).toContain(shown)
  })

  it('shows ten in a minute, then counts, and says how many', () => {
    const { lastResort, lines, clock } = create()
    for (let count = 0; count < 500; count += 1) expect(lastResort.take(new Error('again'))).toBe('serve')
    expect(lines).toHaveLength(11)
    clock.now = 60_000
    lastResort.take('later')
    expect(lines.slice(11)).toEqual(['490 more faults in the minute before.', 'A fault that nothing caught: later'])
    expect(lastResort.count()).toBe(501)
  })

  it('bounds one line', () => {
    const { lastResort, lines } = create()
    lastResort.take('x'.repeat(1_000_000))
    expect(lines[0]?.length).toBeLessThan(2_100)
  })

  it('stops at a thousand within a minute, and not at any number that come slower', () => {
    const { lastResort, clock } = create()
    for (let count = 0; count < 5_000; count += 1) {
      clock.now += 100
      expect(lastResort.take('slow')).toBe('serve')
    }
    clock.now += 60_000
    const taken = Array.from({ length: 1_000 }, () => lastResort.take('fast'))
    expect(taken.indexOf('stop')).toBe(999)
  })
})
