import fc from 'fast-check'
import type { AnyReason, ReasonTable, ValueKind } from '../contract/reason-values.ts'
import { allReasons } from '../contract/reasons.ts'

/** Texts that peers and files may bring: of every script, of nothing, hostile to the sentence around them. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom('', ' ', '\u202eevil', 'a\nb', '\u0000', '\ud800', 'x'.repeat(20_000), '<img src=x>', '.'),
)

const valueOfKind = (kind: ValueKind): fc.Arbitrary<unknown> => {
  if (typeof kind !== 'string') return fc.constantFrom(...kind)
  switch (kind) {
    case 'text':
      return hostileText
    case 'text?':
      return fc.option(hostileText, { nil: undefined })
    case 'number':
      return fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    case 'number?':
      return fc.option(fc.nat(), { nil: undefined })
    case 'flag':
      return fc.boolean()
    case 'texts':
      return fc.array(hostileText, { maxLength: 4 })
    case 'reason':
      return fc.constantFrom(
        { code: 'cancelled' },
        { code: 'private-file', path: 'a', sign: 'wallet', confirmed: false },
      )
  }
}

/** Any reason of one code. */
export const reasonOfCode = (code: string): fc.Arbitrary<AnyReason> => {
  const table: ReasonTable = allReasons
  const kinds = Object.entries(table[code] ?? {})
  return fc
    .record(Object.fromEntries(kinds.map(([name, kind]) => [name, valueOfKind(kind)])))
    .map((values) => ({ code, ...values }))
}

/** Any reason of some of the codes, and what no version would send. */
export const hostileReason = (table: ReasonTable): fc.Arbitrary<AnyReason> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...Object.keys(table)).chain(reasonOfCode) },
    { weight: 1, arbitrary: fc.record({ code: hostileText }) },
  )
