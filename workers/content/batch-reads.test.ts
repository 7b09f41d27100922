import { expect, test } from 'vitest'
import { batchReads } from './batch-reads.ts'

test('batches the reads of one task, and returns each caller its own value', async () => {
  const reads: (readonly string[])[] = []
  const read = batchReads(async (keys) => {
    reads.push(keys)
    return keys.map((key) => (key === 'missing' ? undefined : `value of ${key}`))
  })
  expect(await Promise.all([read('a'), read('missing'), read('b'), read('a')])).toEqual([
    'value of a',
    undefined,
    'value of b',
    'value of a',
  ])
  expect(await read('c')).toBe('value of c')
  expect(reads).toEqual([['a', 'missing', 'b', 'a'], ['c']])
})

test('a failed batch rejects for its own callers only', async () => {
  let broken = true
  const read = batchReads(async (keys) => {
    if (broken) throw new Error('disk')
    return keys
  })
  const both = await Promise.allSettled([read('a'), read('b')])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  broken = false
  expect(await read('c')).toBe('c')
})
