import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { createDirectPaths } from './direct-paths.ts'

const compose = () => {
  const clock = { ms: 0 }
  return { clock, paths: createDirectPaths(() => clock.ms) }
}

describe('direct paths', () => {
  it('are retried after a growing backoff', () => {
    const { clock, paths } = compose()
    const backoffs: number[] = []
    for (let n = 0; n < 7; n += 1) {
      paths.begin('a')('failed')
      backoffs.push(paths.retryInMs('a') / 1_000)
      expect(paths.mayTry('a')).toBe(false)
      clock.ms += paths.retryInMs('a')
      expect(paths.mayTry('a')).toBe(true)
    }
    expect(backoffs).toEqual([10, 60, 60, 60, 120, 120, 120])
  })

  it('are tracked per peer', () => {
    const { paths } = compose()
    paths.begin('a')('failed')
    expect(paths.mayTry('b')).toBe(true)
  })

  it('reset after success, and ignore cancelled attempts', () => {
    const { clock, paths } = compose()
    paths.begin('a')('failed')
    clock.ms += 10_000
    paths.begin('a')('made')
    paths.begin('a')('cancelled')
    expect(paths.mayTry('a')).toBe(true)
    paths.begin('a')('failed')
    expect(paths.retryInMs('a')).toBe(10_000)
  })

  it('report each attempt that failed, not those that were cancelled', () => {
    let failed = 0
    const paths = createDirectPaths(
      () => 0,
      () => {
        failed += 1
      },
    )
    const end = paths.begin('a')
    end('failed')
    end('failed')
    paths.begin('b')('failed')
    paths.begin('c')('cancelled')
    paths.begin('c')('made')
    expect(failed).toBe(2)
  })

  it('count concurrent failures once', () => {
    const { clock, paths } = compose()
    const ends = [paths.begin('a'), paths.begin('a'), paths.begin('a')]
    clock.ms += 500
    expect(paths.tryingMs('a')).toBe(500)
    for (const end of ends) end('failed')
    expect(paths.tryingMs('a')).toBeUndefined()
    expect(paths.retryInMs('a')).toBe(10_000)
  })

  it('may be retried when the network changes, except those that failed just now', () => {
    const { clock, paths } = compose()
    paths.begin('a')('failed')
    clock.ms += 10_000
    paths.begin('a')('failed')
    paths.shortenBackoffs()
    expect(paths.retryInMs('a')).toBe(10_000)
    clock.ms += 10_000
    expect(paths.mayTry('a')).toBe(true)
  })
})

test('an unreachable peer is tried about once a minute, whatever the number of requests and wakes', () => {
  const wish = fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), wake: fc.boolean() })
  fc.assert(
    fc.property(fc.array(wish, { minLength: 50, maxLength: 400 }), (wishes) => {
      const { clock, paths } = compose()
      let tries = 0
      for (const { afterMs } of wishes) {
        clock.ms += afterMs
        if (!paths.mayTry('a')) continue
        tries += 1
        paths.begin('a')('failed')
      }
      expect(tries).toBeLessThanOrEqual(2 + clock.ms / 60_000)
    }),
  )
})

test('the number of tracked peers is bounded', () => {
  const { paths } = compose()
  for (let n = 0; n < 2_000; n += 1) paths.begin(`p${n}`)('failed')
  const remembered = Array.from({ length: 2_000 }, (_, n) => n).filter((n) => !paths.mayTry(`p${n}`))
  expect(remembered.length).toBe(512)
  expect(remembered[0]).toBe(1_488)
})
