import { describe, expect, it } from 'vitest'
import { iterateBounded } from './bounded-iteration.ts'

function* endless(): Generator<number> {
  for (let n = 0; ; n += 1) yield n
}

describe('iterateBounded', () => {
  it('takes the requested number of items and ends the source', async () => {
    let ended = false
    const source = async function* () {
      try {
        yield* endless()
      } finally {
        ended = true
      }
    }
    const taken: number[] = []
    for await (const item of iterateBounded(source(), 100)) taken.push(item)
    expect(taken).toHaveLength(100)
    expect(ended).toBe(true)
  })

  it('yields to the event loop between batches', async () => {
    let turns = 0
    const turning = setInterval(() => {
      turns += 1
    }, 0)
    for await (const _ of iterateBounded(endless(), 10_000)) if (turns >= 3) break
    clearInterval(turning)
    expect(turns).toBeGreaterThanOrEqual(3)
  })

  it('takes nothing for a maximum of zero', async () => {
    for await (const _ of iterateBounded(endless(), 0)) throw new Error('It took an item.')
  })
})
