import { expect, expectTypeOf, test } from 'vitest'
import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

const text = messages('test', {
  title: 'Files',
  from: params('From {source}, {size}'),
  files: count({ one: '{count} file', other: '{count} files' }),
  heldBy: count({ one: '{count} peer holds {name}', other: '{count} peers hold {name}' }),
  state: choice({ ok: 'Works', failed: 'Failed' }),
})

test('a message is filled with its values', () => {
  expect(text.title).toBe('Files')
  expect(text.from({ source: 'demo.zip', size: 1204 })).toBe('From demo.zip, 1,204')
  expect([0, 1, 1204].map(text.files)).toEqual(['0 files', '1 file', '1,204 files'])
  expect(text.heldBy(2, { name: 'hello' })).toBe('2 peers hold hello')
  expect(text.state('failed')).toBe('Failed')
})

test('inserts any value unchanged', () => {
  expect(text.from({ source: '$& {size} $1', size: '{source}' })).toBe('From $& {size} $1, {source}')
})

test('an unknown message and missing, unknown or wrong values do not compile', () => {
  // @ts-expect-error no such message
  expect(text.subtitle).toBeUndefined()
  // @ts-expect-error a value is missing
  text.from({ source: 'demo.zip' })
  // @ts-expect-error a value is unknown
  text.from({ source: 'demo.zip', size: 1, path: '' })
  // @ts-expect-error neither text nor number
  text.from({ source: undefined, size: 1 })
  // @ts-expect-error the name is missing
  text.heldBy(2)
  // @ts-expect-error the number is missing
  text.files()
  // @ts-expect-error no such case
  expect(text.state('waiting')).toBe('')
  expectTypeOf(text.files).parameters.toEqualTypeOf<[count: number]>()
  expectTypeOf(text.title).toEqualTypeOf<string>()
})
