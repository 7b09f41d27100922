import { describe, expect, it } from 'vitest'
import { inTurns } from './in-turns.ts'

function* endless(): Generator<number> {
  for (let n = 0; ; n += 1) yield n
}

describe('items in turns', () => {
  it('of a source without end are as many as were asked for, and the source is ended', async () => {
    let ended = false
    const source = async function* () {
      try {
        yield* endless()
      } finally {
        ended = true
      }
    }
    const taken: number[] = []
    for await (const item of inTurns(source(), 100)) taken.push(item)
    expect(taken).toHaveLength(100)
    expect(ended).toBe(true)
  })

  it('let the event loop run in between', async () => {
    let turns = 0
    const turning = setInterval(() => {
      turns += 1
    }, 0)
    for await (const _ of inTurns(endless(), 10_000)) if (turns >= 3) break
    clearInterval(turning)
    expect(turns).toBeGreaterThanOrEqual(3)
  })

  it('are none where none are wanted', async () => {
    for await (const _ of inTurns(endless(), 0)) throw new Error('one was taken')
  })
})
