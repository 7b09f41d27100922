import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatTraceparent, parseTraceparent, traceparentCharacters } from './trace-context.ts'

const hex = (digits: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
    .map((all) => all.join(''))
    .filter((id) => /[1-9a-f]/.test(id))

test('a context is read as it was written', () => {
  fc.assert(
    fc.property(hex(32), hex(16), (traceId, spanId) => {
      const text = formatTraceparent({ traceId, spanId })
      expect(text).toHaveLength(traceparentCharacters)
      expect(parseTraceparent(text)).toEqual({ traceId, spanId })
    }),
    { seed: 5 },
  )
})

const trace = '0af7651916cd43dd8448eb211c80319c'
const span = 'b7ad6b7169203331'

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['another type', 7],
  ['a list', [`00-${trace}-${span}-01`]],
  ['an empty text', ''],
  ['another version', `01-${trace}-${span}-01`],
  ['capital digits', `00-${trace.toUpperCase()}-${span}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${span}-01`],
  ['a span id of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
  ['a line end', `00-${trace}-${span}-0\n`],
  ['a suffix', `00-${trace}-${span}-01-more`],
  ['a megabyte', '0'.repeat(1_048_576)],
])('%s is no context', (_, given) => {
  expect(parseTraceparent(given)).toBeUndefined()
})

test('any value is read without an error', () => {
  fc.assert(
    fc.property(fc.anything(), (given) => {
      expect(parseTraceparent(given)).toBeUndefined()
    }),
    { seed: 6 },
  )
})
