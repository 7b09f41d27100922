import { describe, expect, test } from 'vitest'
import { createBudget } from './budget.ts'

const compose = () => {
  let time = 0
  const budget = createBudget(() => time)
  const takeMany = (peer: string, count: number): string[] => Array.from({ length: count }, () => budget.take(peer))
  const pass = (ms: number): void => {
    time += ms
  }
  return { budget, takeMany, pass }
}

describe('the budget of a peer', () => {
  test('allows a burst, then its refill', () => {
    const { takeMany, pass } = compose()
    expect(new Set(takeMany('a', 40))).toEqual(new Set(['allow']))
    expect(takeMany('a', 2)).toEqual(['refuse', 'refuse'])
    // Another peer has its own budget.
    expect(takeMany('b', 1)).toEqual(['allow'])
    pass(1_000)
    const later = takeMany('a', 10)
    expect(later.filter((verdict) => verdict === 'allow')).toHaveLength(8)
  })

  test('reports a flood although the clock moves during it', () => {
    let time = 0
    const budget = createBudget(() => {
      time += 0.001
      return time
    })
    const verdicts = Array.from({ length: 100 }, () => budget.take('a'))
    expect(verdicts).toContain('flood')
  })

  test('reports a flood only for a peer that continues despite refusals', () => {
    const { takeMany, pass } = compose()
    const verdicts = takeMany('a', 100)
    expect(verdicts.indexOf('flood')).toBe(79)
    pass(10_000)
    expect(takeMany('a', 1)).toEqual(['allow'])
  })

  test('allows fewer costly queries, but the cost of answers never makes a flood', () => {
    const { budget, takeMany } = compose()
    expect(budget.take('a')).toBe('allow')
    budget.spend('a', 10_000)
    expect(takeMany('a', 1)).toEqual(['refuse'])
    // The shared budget paid for it.
    expect(takeMany('b', 1)).toEqual(['refuse'])
    expect(takeMany('a', 30)).not.toContain('flood')
  })

  test('is bounded for many peers together', () => {
    const { budget, pass } = compose()
    const ask = () => Array.from({ length: 1_000 }, (_, n) => budget.take(`peer-${n}`))
    expect(ask().filter((verdict) => verdict === 'allow')).toHaveLength(100)
    pass(2_000)
    expect(ask().filter((verdict) => verdict === 'allow')).toHaveLength(50)
  })
})
