import { describe, expect, it } from 'vitest'
import { createUncaughtErrors } from './uncaught-errors.ts'

const create = () => {
  const lines: string[] = []
  const clock = { now: 0 }
  const uncaughtErrors = createUncaughtErrors({ log: (line) => lines.push(line), now: () => clock.now })
  return { lines, clock, uncaughtErrors }
}

const unshowable = {
  toString() {
    throw new Error('no')
  },
}

describe('createUncaughtErrors', () => {
  it.each([
    ['an error', new Error('broken'), 'broken'],
    ['a string', 'text', 'text'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), 'cannot be shown'],
    ['an object whose toString throws', unshowable, 'cannot be shown'],
    [
      'an error whose stack throws',
      Object.defineProperty(new Error('x'), 'stack', { get: () => unshowable.toString() }),
      'cannot be shown',
    ],
    ['a symbol', Symbol('sign'), 'sign'],
  ])('logs %s and keeps serving', (_what, thrown, shown) => {
    const { uncaughtErrors, lines } = create()
    expect(uncaughtErrors.take(thrown)).toBe('serve')
    expect(lines.join('\n')).toContain(shown)
  })

  it('logs ten errors a minute, then only their number', () => {
    const { uncaughtErrors, lines, clock } = create()
    for (let count = 0; count < 500; count += 1) expect(uncaughtErrors.take(new Error('again'))).toBe('serve')
    expect(lines).toHaveLength(11)
    clock.now = 60_000
    uncaughtErrors.take('later')
    expect(lines.slice(11)).toEqual(['490 more uncaught errors in the previous minute.', 'Uncaught error: later'])
    expect(uncaughtErrors.count()).toBe(501)
  })

  it('bounds the length of a line', () => {
    const { uncaughtErrors, lines } = create()
    uncaughtErrors.take('x'.repeat(1_000_000))
    expect(lines[0]?.length).toBeLessThan(2_100)
  })

  it('stops at a thousand errors within a minute, not at any number over a longer time', () => {
    const { uncaughtErrors, clock } = create()
    for (let count = 0; count < 5_000; count += 1) {
      clock.now += 100
      expect(uncaughtErrors.take('slow')).toBe('serve')
    }
    clock.now += 60_000
    const taken = Array.from({ length: 1_000 }, () => uncaughtErrors.take('fast'))
    expect(taken.indexOf('stop')).toBe(999)
  })
})
