import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenBucket } from './token-bucket.ts'

describe('a token bucket', () => {
  it('grants at most its burst and refill, and reports when the next token is due', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 10, maxLength: 300 }),
        (max, pauses) => {
          let ms = 0
          const bucket = createTokenBucket({ perSecond: max, burst: max }, () => ms)
          let taken = 0
          for (const pause of pauses) {
            while (bucket.tryTake()) taken += 1
            expect(bucket.waitMs()).toBeGreaterThan(0)
            ms += pause
          }
          expect(taken).toBeLessThanOrEqual(max + (ms * max) / 1_000 + 1)
          ms += bucket.waitMs()
          expect(bucket.tryTake()).toBe(true)
        },
      ),
    )
  })

  it('goes into bounded debt, which the refill pays off first', () => {
    let ms = 0
    const bucket = createTokenBucket({ perSecond: 10, burst: 20 }, () => ms, 5)
    bucket.take(1_000)
    expect(bucket.left()).toBe(-5)
    expect(bucket.waitMs()).toBe(600)
    ms += 599
    expect(bucket.tryTake()).toBe(false)
    ms += 1
    expect(bucket.tryTake()).toBe(true)
  })

  it('refills nothing when the clock steps back', () => {
    let ms = 10_000
    const bucket = createTokenBucket({ perSecond: 10, burst: 20 }, () => ms)
    bucket.take(20)
    ms = 0
    expect(bucket.left()).toBe(0)
    ms = 10_100
    expect(bucket.left()).toBe(1)
  })
})
