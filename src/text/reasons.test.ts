import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failureReasons } from '../../workers/contract/failure-reasons.ts'
import type { AnyReason } from '../../workers/contract/reason-values.ts'
import { allReasons } from '../../workers/contract/reasons.ts'
import { hostileReason, reasonOfCode } from '../../workers/testing/reason-arbitraries.ts'
import { sayFailure, sayReason } from './reasons.ts'

const seed = 17

/** Complete sentences without invisible or line-breaking characters, or missing values. */
const expectSentence = (text: string): void => {
  expect(text).toMatch(/^[^\s].*[.?!…]$/u)
  expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]|\[object|NaN|undefined/u)
  expect(text.length).toBeLessThan(20_000)
}

describe('the words of reasons', () => {
  test.each(Object.keys(allReasons))('%s forms a sentence for any values', (code) => {
    fc.assert(
      fc.property(reasonOfCode(code), (reason) => expectSentence(sayReason(reason))),
      { seed, numRuns: 60 },
    )
  })

  test('of any failure, known or unknown, name it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), hostileReason(failureReasons), (name, reason) =>
        expectSentence(sayFailure({ name, reason })),
      ),
      { seed, numRuns: 300 },
    )
  })

  test('of another version are neutral and keep the failure name', () => {
    for (const reason of [{ code: 'unknown' }, { code: 'of-a-later-version' }, { code: 'two-contents' }])
      expect(sayFailure({ name: 'PackageNotFound', reason })).toContain('(PackageNotFound)')
    const damaged = [undefined, null, {}, 'text'] as unknown as AnyReason[]
    for (const reason of damaged) {
      expectSentence(sayReason(reason))
      expectSentence(sayFailure({ name: 'Timeout', reason }))
    }
  })

  test('state the cause, then the remedy', () => {
    expect(sayReason({ code: 'no-peers-to-query' })).toMatch(/^No connected peers to query\. Wait/)
    const say = (reason: object): string => sayReason(reason as AnyReason)
    expect(say({ code: 'not-in-catalogue', spec: 'kit', namesakes: ['@a/kit', '@b/kit'], more: 1 })).toContain(
      'Did you mean @a/kit, @b/kit and 1 more?',
    )
    expect(
      say({ code: 'needed-by-others', package: 'kit', version: '1.0.0', dependents: ['web 1.0.0'], more: 0 }),
    ).toBe(
      'web 1.0.0 needs kit 1.0.0 and would stop working. Nothing was removed. Remove it first, or force the removal.',
    )
    expect(say({ code: 'dependency-conflict', package: 'base', by: ['left 1.0.0', ''], ranges: ['^1.0.0', '2'] })).toBe(
      'No version of base satisfies every requirement: left 1.0.0 needs ^1.0.0 and you ask for 2.',
    )
    expect(say({ code: 'storage-failed', detail: 'The database is gone.' })).toBe(
      'The browser’s storage failed: The database is gone.',
    )
    expect(say({ code: 'described', detail: 'The disk is full.' })).toBe('The disk is full.')
  })

  test('of a failed check name the location, and all private files', () => {
    const path = `${'a-folder/'.repeat(20)}one.pem`
    const text = sayFailure({
      name: 'PrivateFile',
      reason: {
        code: 'check-failed',
        finding: { code: 'private-file', path, sign: 'private-key-name', confirmed: false },
        path,
        line: 3,
        alsoPrivate: ['two.pem'],
        morePrivate: 0,
      } as AnyReason,
    })
    expect(text).toContain(`“${path}” looks private: it has the name of a private key. See ${path}, line 3, column 1.`)
    expect(text).toContain('So does “two.pem”. Everyone can read')
  })
})
