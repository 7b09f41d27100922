import { expect, test } from 'vitest'
import { createProviderStates } from './provider-states.ts'

const create = () => {
  let at = 0
  const pass = (ms: number): void => {
    at += ms
  }
  const candidates = createProviderStates(1_000, () => at)
  return { candidates, pass }
}

test('a peer rests after a failure, longer each time, and is given up after the third', () => {
  const { candidates, pass } = create()
  candidates.add('a')
  for (const restMs of [1_000, 2_000]) {
    candidates.use('a')
    candidates.rest('a')
    pass(restMs - 1)
    expect(candidates.ready()).toEqual([])
    pass(1)
    expect(candidates.ready()).toEqual(['a'])
  }
  candidates.rest('a')
  pass(1_000_000)
  expect(candidates.ready()).toEqual([])
})

test('a busy peer rests too, and is never given up', () => {
  const { candidates, pass } = create()
  candidates.add('a')
  for (let round = 0; round < 20; round += 1) {
    candidates.rest('a', 'busy')
    expect(candidates.ready()).toEqual([])
    pass(16_000)
    expect(candidates.ready()).toEqual(['a'])
  }
})

test('a peer that brought something starts anew', () => {
  const { candidates, pass } = create()
  candidates.add('a')
  for (let round = 0; round < 10; round += 1) {
    candidates.rest('a')
    pass(10_000)
    expect(candidates.ready()).toEqual(['a'])
    candidates.praise('a')
  }
})

test('a banned peer is never asked again, also when it is found again', () => {
  const { candidates, pass } = create()
  candidates.add('a')
  candidates.use('a')
  expect(candidates.ban('a')).toBe(true)
  expect(candidates.ban('a')).toBe(false)
  candidates.rest('a')
  candidates.add('a')
  pass(1_000_000)
  expect(candidates.ready()).toEqual([])
})

test('one in use is not offered, and strangers cannot fill the list', () => {
  const { candidates } = create()
  for (let index = 0; index < 1_000; index += 1) candidates.add(`peer ${index}`)
  expect(candidates.size).toBe(256)
  candidates.use('peer 0')
  expect(candidates.ready()).toHaveLength(255)
})
