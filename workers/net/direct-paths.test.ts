import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { createDirectPaths } from './direct-paths.ts'

const compose = () => {
  const clock = { ms: 0 }
  return { clock, paths: createDirectPaths(() => clock.ms) }
}

describe('direct paths', () => {
  it('are tried again after a rest, which grows', () => {
    const { clock, paths } = compose()
    const rests: number[] = []
    for (let n = 0; n < 7; n += 1) {
      paths.begin('a')('failed')
      rests.push(paths.restMs('a') / 1_000)
      expect(paths.mayTry('a')).toBe(false)
      clock.ms += paths.restMs('a')
      expect(paths.mayTry('a')).toBe(true)
    }
    expect(rests).toEqual([10, 60, 60, 60, 120, 120, 120])
  })

  it('to one peer say nothing of another', () => {
    const { paths } = compose()
    paths.begin('a')('failed')
    expect(paths.mayTry('b')).toBe(true)
  })

  it('that were made are forgotten, and tries that were given up say nothing', () => {
    const { clock, paths } = compose()
    paths.begin('a')('failed')
    clock.ms += 10_000
    paths.begin('a')('made')
    paths.begin('a')('cancelled')
    expect(paths.mayTry('a')).toBe(true)
    paths.begin('a')('failed')
    expect(paths.restMs('a')).toBe(10_000)
  })

  it('tried at once by several count once', () => {
    const { clock, paths } = compose()
    const ends = [paths.begin('a'), paths.begin('a'), paths.begin('a')]
    clock.ms += 500
    expect(paths.tryingMs('a')).toBe(500)
    for (const end of ends) end('failed')
    expect(paths.tryingMs('a')).toBeUndefined()
    expect(paths.restMs('a')).toBe(10_000)
  })

  it('may be tried when the network is another one, but not those that failed just now', () => {
    const { clock, paths } = compose()
    paths.begin('a')('failed')
    clock.ms += 10_000
    paths.begin('a')('failed')
    paths.hurry()
    expect(paths.restMs('a')).toBe(10_000)
    clock.ms += 10_000
    expect(paths.mayTry('a')).toBe(true)
  })
})

test('where nothing connects a peer is tried about once a minute, however often somebody wants to and wakes us', () => {
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

test('peers without end are not remembered without end', () => {
  const { paths } = compose()
  for (let n = 0; n < 2_000; n += 1) paths.begin(`p${n}`)('failed')
  const remembered = Array.from({ length: 2_000 }, (_, n) => n).filter((n) => !paths.mayTry(`p${n}`))
  expect(remembered.length).toBe(512)
  expect(remembered[0]).toBe(1_488)
})
