import { expect, test } from 'vitest'
import { bounded } from './gossip-guard.ts'

async function* frames(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield n
}

const collect = async (source: AsyncIterable<number>): Promise<number[]> => {
  const taken: number[] = []
  for await (const frame of source) taken.push(frame)
  return taken
}

test('frames pass in order while they are admitted', async () => {
  const all = Array.from({ length: 10_000 }, (_, n) => n)
  expect(await collect(bounded(frames(10_000), () => true))).toEqual(all)
})

test('the first that is not admitted ends the stream', async () => {
  let asked = 0
  const admit = (): boolean => {
    asked += 1
    return asked <= 2_000
  }
  await expect(collect(bounded(frames(1_000_000), admit))).rejects.toThrow('more gossip than any honest one')
  expect(asked).toBe(2_001)
})

test('other work gets its turn meanwhile', async () => {
  let turns = 0
  const other = setInterval(() => {
    turns += 1
  }, 0)
  await collect(bounded(frames(2000), () => true))
  clearInterval(other)
  expect(turns).toBeGreaterThan(1)
})
