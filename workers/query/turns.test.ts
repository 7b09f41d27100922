import { expect, test } from 'vitest'
import { createTurns } from './turns.ts'

test('as many at a time as there are turns, in order; who gives up gets none', async () => {
  const turns = createTurns(2)
  const { signal } = new AbortController()
  const begun: number[] = []
  const ends: (() => void)[] = []
  const begin = async (n: number, by = signal): Promise<void> => {
    ends[n] = await turns.take(by)
    begun.push(n)
  }
  const gone = new AbortController()
  const all = [begin(0), begin(1), begin(2, gone.signal).catch(() => 'gone'), begin(3), begin(4)]
  await Promise.all(all.slice(0, 2))
  expect(begun).toEqual([0, 1])
  gone.abort()
  expect(await all[2]).toBe('gone')
  ends[0]?.()
  // Once is once.
  ends[0]?.()
  await all[3]
  expect(begun).toEqual([0, 1, 3])
  ends[1]?.()
  await all[4]
  await expect(turns.take(gone.signal)).rejects.toThrow()
  ends[3]?.()
  ends[4]?.()
  await begin(5)
  expect(begun).toEqual([0, 1, 3, 4, 5])
})
