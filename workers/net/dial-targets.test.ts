import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { createDialTargets } from './dial-targets.ts'

const address = multiaddr('/ip4/127.0.0.1/tcp/1/ws')

const compose = (max = 10) => {
  const clock = { ms: 0 }
  // 0.5 leaves backoffs unchanged.
  const targets = createDialTargets({ max, now: () => clock.ms, random: () => 0.5 })
  return { clock, targets, due: () => targets.due().map(({ peer }) => peer) }
}

test('the backoff of an unreachable peer doubles up to five minutes', () => {
  const { clock, targets, due } = compose()
  targets.add('a', [address])
  const waits: number[] = []
  for (let times = 0; times < 10; times += 1) {
    expect(due()).toEqual(['a'])
    targets.failed('a')
    expect(due()).toEqual([])
    const next = targets.nextAt(() => true)
    waits.push(next - clock.ms)
    clock.ms = next
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000))
  targets.reached('a')
  targets.failed('a')
  expect(targets.nextAt(() => true) - clock.ms).toBe(2_000)
  targets.clearBackoffs()
  expect(due()).toEqual(['a'])
})

test('a full list evicts the peer that failed most often, and accepts none if no peer failed', () => {
  const { targets } = compose(2)
  expect(['a', 'b', 'c'].map((peer) => targets.add(peer, [address]))).toEqual([true, true, false])
  targets.failed('a')
  targets.failed('b')
  targets.failed('b')
  expect(targets.add('c', [address])).toBe(true)
  expect(['a', 'b', 'c'].map(targets.has)).toEqual([true, false, true])
})

test('a peer without an address is rejected, and at most ten addresses are kept', () => {
  const { targets } = compose()
  expect(targets.add('a', [])).toBe(false)
  targets.add('b', Array(100).fill(address))
  expect(targets.due()[0]?.addresses).toHaveLength(10)
})

test('postponing does not count as a failure', () => {
  const { clock, targets, due } = compose()
  targets.add('a', [address])
  targets.postpone('a', 100)
  expect(due()).toEqual([])
  clock.ms = 100
  expect(due()).toEqual(['a'])
})
