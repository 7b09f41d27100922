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

test('frames pass in order while the second is not over-full', async () => {
  expect(await collect(bounded(frames(2000), () => 0))).toHaveLength(2000)
  // A thousand a second, for ten seconds.
  let calls = 0
  expect(await collect(bounded(frames(10_000), () => calls++))).toEqual(Array.from({ length: 10_000 }, (_, n) => n))
})

test('a flood ends the stream', async () => {
  await expect(collect(bounded(frames(1_000_000), () => 0))).rejects.toThrow('more gossip frames')
})

test('other work gets its turn meanwhile', async () => {
  let turns = 0
  const other = setInterval(() => {
    turns += 1
  }, 0)
  await collect(bounded(frames(2000), () => 0))
  clearInterval(other)
  expect(turns).toBeGreaterThan(1)
})
