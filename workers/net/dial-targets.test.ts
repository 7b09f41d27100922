import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { createDialTargets } from './dial-targets.ts'

const address = multiaddr('/ip4/127.0.0.1/tcp/1/ws')

const compose = (max = 10) => {
  const clock = { ms: 0 }
  // 0.5 leaves backoffs as they are.
  const candidates = createDialTargets({ max, now: () => clock.ms, random: () => 0.5 })
  return { clock, candidates, due: () => candidates.due().map(({ peer }) => peer) }
}

test('who could not be reached is left alone, twice as long each time, up to five minutes', () => {
  const { clock, candidates, due } = compose()
  candidates.add('a', [address])
  const waits: number[] = []
  for (let times = 0; times < 10; times += 1) {
    expect(due()).toEqual(['a'])
    candidates.failed('a')
    expect(due()).toEqual([])
    const next = candidates.nextAt(() => true)
    waits.push(next - clock.ms)
    clock.ms = next
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000))
  candidates.reached('a')
  candidates.failed('a')
  expect(candidates.nextAt(() => true) - clock.ms).toBe(2_000)
  candidates.hurry()
  expect(due()).toEqual(['a'])
})

test('a full list makes room by forgetting who failed most, and takes nobody when none has', () => {
  const { candidates } = compose(2)
  expect(['a', 'b', 'c'].map((peer) => candidates.add(peer, [address]))).toEqual([true, true, false])
  candidates.failed('a')
  candidates.failed('b')
  candidates.failed('b')
  expect(candidates.add('c', [address])).toBe(true)
  expect(['a', 'b', 'c'].map(candidates.has)).toEqual([true, false, true])
})

test('a peer without an address is nobody, one with a hundred has ten', () => {
  const { candidates } = compose()
  expect(candidates.add('a', [])).toBe(false)
  candidates.add('b', Array(100).fill(address))
  expect(candidates.due()[0]?.addresses).toHaveLength(10)
})

test('postponing is no blame', () => {
  const { clock, candidates, due } = compose()
  candidates.add('a', [address])
  candidates.postpone('a', 100)
  expect(due()).toEqual([])
  clock.ms = 100
  expect(due()).toEqual(['a'])
})
