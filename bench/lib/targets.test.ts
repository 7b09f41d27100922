import { expect, test } from 'vitest'
import { checkTargets } from './targets.ts'

const listed = [{ suite: 'join', scenario: 'ten tabs', reason: 'Two cores.' }]

test('an unlisted miss is missed', () => {
  const report = checkTargets([{ suite: 'dht', scenario: 'ten tabs', pass: false }], listed)
  expect(report).toEqual({ missed: ['dht: ten tabs'], known: [], met: [] })
})

test('a listed miss is known with its reason, and reported once it is met', () => {
  expect(checkTargets([{ suite: 'join', scenario: 'ten tabs', pass: false }], listed)).toEqual({
    missed: [],
    known: ['join: ten tabs: Two cores.'],
    met: [],
  })
  expect(checkTargets([{ suite: 'join', scenario: 'ten tabs', pass: true }], listed).met).toEqual(['join: ten tabs'])
})

test('a scenario without a target or measurement is in no list', () => {
  expect(checkTargets([{ suite: 'join', scenario: 'ten tabs', pass: null }], listed)).toEqual({
    missed: [],
    known: [],
    met: [],
  })
  expect(checkTargets([], listed).met).toEqual([])
})
