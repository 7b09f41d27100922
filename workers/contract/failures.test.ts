import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileReason } from '../testing/reason-arbitraries.ts'
import { failureReasons } from './failure-reasons.ts'
import { Failure, isFailure, readFailure, toFailure } from './failures.ts'
import { findingReasons } from './finding-reasons.ts'
import { MAX_TEXT_CHARACTERS, MAX_TEXTS } from './reason-values.ts'
import { allReasons, decodeFailureReason, decodeReason, type FailureReason, type FindingReason } from './reasons.ts'
import { damageReasons, healthReasons, stepReasons, warningReasons } from './status-reasons.ts'

const seed = 41

/** An Error after it crossed to another thread or tab. */
const crossed = ({ name, message }: Failure): Error => Object.assign(new Error(message), { name })

describe('a failure', () => {
  test('keeps its name and reason across threads', () => {
    const finding: FindingReason = { code: 'path-unsafe', path: 'a\u202e"\n', fault: 'dot-part' }
    const reason: FailureReason = { code: 'check-failed', finding, alsoPrivate: [], morePrivate: 0 }
    const read = toFailure(crossed(new Failure('PathUnsafe', reason)))
    expect(read).toMatchObject({ name: 'PathUnsafe', reason })
    expect(isFailure(read, 'PathUnsafe')).toBe(true)
  })

  test('of another version keeps its name if its reason is unknown, and becomes `Internal` if its name is', () => {
    const later = { name: 'PackageNotFound', message: JSON.stringify({ code: 'of-a-later-version', spec: 'x' }) }
    expect(readFailure(later)).toMatchObject({ name: 'PackageNotFound', reason: { code: 'unknown' } })
    expect(readFailure({ ...later, name: 'OfALaterVersion' })).toMatchObject({ name: 'Internal' })
  })

  test('of an earlier version keeps its sentence', () => {
    const before = { name: 'QuotaExceeded', message: 'The disk is full.' }
    expect(readFailure(before).reason).toEqual({ code: 'described', detail: 'The disk is full.' })
  })

  test('of a message without end is cut, and stays the same on its way', () => {
    const endless = 'x'.repeat(10 * MAX_TEXT_CHARACTERS)
    for (const name of ['Error', 'Timeout']) {
      const failure = toFailure(Object.assign(new Error(endless), { name }))
      expect(failure.reason).toMatchObject({ detail: 'x'.repeat(MAX_TEXT_CHARACTERS) })
      expect(toFailure(crossed(failure)).reason).toEqual(failure.reason)
    }
  })

  test('can be made of anything that was thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string().map((text) => new Error(text)),
        ),
        (thrown) => {
          const { name, reason } = toFailure(thrown)
          expect(name).toBe('Internal')
          expect(decodeFailureReason(structuredClone(reason))).toEqual(reason)
        },
      ),
      { seed },
    )
    expect(toFailure(Object.create(null)).name).toBe('Internal')
    expect(toFailure(new DOMException('x', 'AbortError'))).toMatchObject({ name: 'Cancelled' })
  })
})

describe('reasons', () => {
  test('have codes that are unique across tables', () => {
    const tables = [failureReasons, findingReasons, stepReasons, healthReasons, warningReasons, damageReasons]
    const codes = tables.flatMap((table) => Object.keys(table))
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
    expect(codes.filter((code) => !/^[a-z]+(?:-[a-z0-9]+)*$/.test(code))).toEqual([])
  })

  test('are decoded as sent, within limits, from JSON and from clones', () => {
    fc.assert(
      fc.property(hostileReason(allReasons), (reason) => {
        const read = decodeReason(reason)
        expect(read !== undefined).toBe(Object.hasOwn(allReasons, reason.code))
        if (read === undefined) return
        expect(decodeReason(structuredClone(read))).toEqual(read)
        for (const value of Object.values(read))
          if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(MAX_TEXT_CHARACTERS)
      }),
      { seed, numRuns: 500 },
    )
    const namesakes = Array.from({ length: 500 }, () => 'x')
    const many = decodeReason({ code: 'not-in-catalogue', spec: 'x', namesakes, more: 0 })
    expect(many).toMatchObject({ namesakes: { length: MAX_TEXTS } })
  })

  test('with missing, wrong or endlessly nested values are rejected', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? { code: 'cancelled' } : { code: 'after-failure', name: 'Timeout', reason: nested(depth - 1) }
    expect(decodeReason(nested(1))).toBeDefined()
    const wrong = [
      null,
      'cancelled',
      { code: '__proto__' },
      { code: 'toString' },
      { code: 'two-contents', package: 'x' },
      { code: 'two-contents', package: 'x', version: 1 },
      { code: 'path-unsafe', path: 'x', fault: 'of a later version' },
      { code: 'records-damaged', count: Number.NaN },
      { code: 'not-in-catalogue', spec: 'x', namesakes: [1], more: 0 },
      nested(100),
    ]
    expect(wrong.map(decodeReason).filter((read) => read !== undefined)).toEqual([])
  })

  test('can be decoded from any data', () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        decodeReason(data)
        expect(Object.hasOwn(allReasons, decodeFailureReason(data).code)).toBe(true)
      }),
      { seed },
    )
  })
})
