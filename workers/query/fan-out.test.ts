import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { fanOut, type Outcome } from './fan-out.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Peers with scripted behaviour: a delay (ms) and an outcome; `never` does not answer. */
const peersThat = (does: Record<string, [after: number, outcome: Outcome] | 'never'>) => {
  const asked: string[] = []
  const ask = (peer: string): Promise<Outcome> => {
    asked.push(peer)
    const plan = does[peer] ?? 'never'
    return new Promise((resolve) => {
      if (plan !== 'never') setTimeout(() => resolve(plan[1]), plan[0])
    })
  }
  return { asked, ask, names: Object.keys(does) }
}

const options = { width: 3, hedgeMs: 100, operation: untraced() }

describe('a query to several peers', () => {
  test('goes to three peers at once and to no others while those are fast', async () => {
    const { asked, ask, names } = peersThat({
      a: [10, 'answered'],
      b: [20, 'answered'],
      c: [30, 'answered'],
      d: 'never',
    })
    const result = fanOut(names, ask, options)
    expect(asked).toEqual(['a', 'b', 'c'])
    await vi.advanceTimersByTimeAsync(30)
    expect(await result).toEqual({ asked: 3, answered: 3 })
    await vi.runAllTimersAsync()
    expect(asked).toHaveLength(3)
  })

  test('replaces a failed peer and hedges slow ones one at a time', async () => {
    const failing = peersThat({ a: [10, 'failed'], b: [50, 'answered'], c: [50, 'answered'], d: [10, 'answered'] })
    const first = fanOut(failing.names, failing.ask, options)
    await vi.advanceTimersByTimeAsync(10)
    expect(failing.asked).toEqual(['a', 'b', 'c', 'd'])
    await vi.advanceTimersByTimeAsync(40)
    expect(await first).toEqual({ asked: 4, answered: 3 })

    const slow = peersThat({ a: 'never', b: [1, 'answered'], c: [2, 'answered'], d: 'never', e: [5, 'answered'] })
    const second = fanOut(slow.names, slow.ask, options)
    await vi.advanceTimersByTimeAsync(100)
    expect(slow.asked).toEqual(['a', 'b', 'c', 'd'])
    await vi.advanceTimersByTimeAsync(105)
    expect(await second).toEqual({ asked: 5, answered: 3 })
  })

  test('ends with a sufficient answer, when all peers have failed, and without peers', async () => {
    const enough = peersThat({ a: [10, 'enough'], b: 'never', c: 'never' })
    const first = fanOut(enough.names, enough.ask, options)
    await vi.advanceTimersByTimeAsync(10)
    expect(await first).toEqual({ asked: 3, answered: 1 })
    const failing = peersThat({ a: [1, 'failed'], b: [1, 'failed'] })
    const second = fanOut(failing.names, failing.ask, options)
    await vi.advanceTimersByTimeAsync(1)
    expect(await second).toEqual({ asked: 2, answered: 0 })
    expect(await fanOut([], failing.ask, options)).toEqual({ asked: 0, answered: 0 })
  })

  test('ends when cancelled and asks no more peers', async () => {
    const { asked, ask, names } = peersThat({ a: [10, 'failed'], b: 'never', c: [5, 'answered'], d: 'never' })
    const controller = new AbortController()
    const result = fanOut(names, ask, { ...options, operation: untraced(controller.signal) })
    await vi.advanceTimersByTimeAsync(5)
    controller.abort()
    expect(await result).toEqual({ asked: 3, answered: 1 })
    await vi.runAllTimersAsync()
    expect(asked).toHaveLength(3)
    expect(await fanOut(names, ask, { ...options, operation: untraced(controller.signal) })).toEqual({
      asked: 0,
      answered: 0,
    })
  })

  test('always ends, asks no peer twice and counts only real answers', async () => {
    const plan = fc.tuple(fc.integer({ min: 0, max: 500 }), fc.constantFrom<Outcome>('answered', 'enough', 'failed'))
    await fc.assert(
      fc.asyncProperty(fc.array(plan, { maxLength: 7 }), fc.integer({ min: 1, max: 4 }), async (plans, width) => {
        const { asked, ask, names } = peersThat(Object.fromEntries(plans.map((each, n) => [`p${n}`, each])))
        const result = fanOut(names, ask, { ...options, width })
        await vi.runAllTimersAsync()
        const counts = await result
        expect(asked).toEqual(names.slice(0, asked.length))
        expect(counts.asked).toBeLessThanOrEqual(asked.length)
        expect(counts.answered).toBeLessThanOrEqual(width)
        const good = plans.slice(0, asked.length).filter(([, outcome]) => outcome !== 'failed').length
        expect(counts.answered).toBeLessThanOrEqual(good)
        // Fewer answers than requested only if there were no more, or one was sufficient.
        if (!plans.some(([, outcome]) => outcome === 'enough'))
          expect(counts.answered).toBe(Math.min(width, plans.filter(([, outcome]) => outcome === 'answered').length))
      }),
      { seed: 8, numRuns: 300 },
    )
  })
})
