import { expect, test } from 'vitest'
import { createProviderStates } from './provider-states.ts'

const create = () => {
  let at = 0
  const pass = (ms: number): void => {
    at += ms
  }
  const providers = createProviderStates(1_000, () => at)
  return { providers, pass }
}

test('doubles the delay after each failure and excludes a provider after the third', () => {
  const { providers, pass } = create()
  providers.add('a')
  for (const delayMs of [1_000, 2_000]) {
    providers.use('a')
    providers.backOff('a')
    pass(delayMs - 1)
    expect(providers.ready()).toEqual([])
    pass(1)
    expect(providers.ready()).toEqual(['a'])
  }
  providers.backOff('a')
  pass(1_000_000)
  expect(providers.ready()).toEqual([])
})

test('backs off from a busy provider and never excludes it', () => {
  const { providers, pass } = create()
  providers.add('a')
  for (let round = 0; round < 20; round += 1) {
    providers.backOff('a', 'busy')
    expect(providers.ready()).toEqual([])
    pass(16_000)
    expect(providers.ready()).toEqual(['a'])
  }
})

test('a valid answer resets failures and backoff', () => {
  const { providers, pass } = create()
  providers.add('a')
  for (let round = 0; round < 10; round += 1) {
    providers.backOff('a')
    pass(10_000)
    expect(providers.ready()).toEqual(['a'])
    providers.resetFailures('a')
  }
})

test('a banned provider stays excluded when it is found again', () => {
  const { providers, pass } = create()
  providers.add('a')
  providers.use('a')
  expect(providers.ban('a')).toBe(true)
  expect(providers.ban('a')).toBe(false)
  providers.backOff('a')
  providers.add('a')
  pass(1_000_000)
  expect(providers.ready()).toEqual([])
})

test('excludes providers in use, and bounds the list', () => {
  const { providers } = create()
  for (let index = 0; index < 1_000; index += 1) providers.add(`peer ${index}`)
  expect(providers.size).toBe(256)
  providers.use('peer 0')
  expect(providers.ready()).toHaveLength(255)
})
