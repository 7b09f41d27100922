import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSemaphore } from './semaphore.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('grants its permits in order and skips cancelled tasks', async () => {
  const semaphore = createSemaphore(2)
  const { signal } = new AbortController()
  const begun: number[] = []
  const ends: (() => void)[] = []
  const begin = async (n: number, by = signal): Promise<void> => {
    ends[n] = await semaphore.acquire(by)
    begun.push(n)
  }
  const gone = new AbortController()
  const all = [begin(0), begin(1), begin(2, gone.signal).catch(() => 'gone'), begin(3), begin(4)]
  await Promise.all(all.slice(0, 2))
  expect(begun).toEqual([0, 1])
  gone.abort()
  expect(await all[2]).toBe('gone')
  ends[0]?.()
  // A second release has no effect.
  ends[0]?.()
  await all[3]
  expect(begun).toEqual([0, 1, 3])
  ends[1]?.()
  await all[4]
  await expect(semaphore.acquire(gone.signal)).rejects.toThrow()
  ends[3]?.()
  ends[4]?.()
  await begin(5)
  expect(begun).toEqual([0, 1, 3, 4, 5])
})

test('aborted work keeps its permit until it ends', async () => {
  const semaphore = createSemaphore(1)
  const { signal } = new AbortController()
  const stop = new AbortController()
  const work = Promise.withResolvers<string>()
  const first = semaphore.run(stop.signal, () => work.promise)
  await turn()
  const begun: string[] = []
  const second = semaphore.run(signal, async () => begun.push('second'))
  stop.abort()
  await turn()
  expect(begun).toEqual([])
  work.resolve('done')
  expect(await first).toBe('done')
  await second
})

test('releases the permit when the work fails', async () => {
  const semaphore = createSemaphore(1)
  const { signal } = new AbortController()
  await expect(semaphore.run(signal, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await semaphore.run(signal, async () => 'next')).toBe('next')
})

test('starts tasks in order of arrival within its permits, whatever order they end or cancel in', async () => {
  const events = fc.array(fc.tuple(fc.constantFrom('arrive', 'end', 'give up'), fc.nat()), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), events, async (permits, script) => {
      const semaphore = createSemaphore(permits)
      const running = new Map<number, () => void>()
      const waiting = new Map<number, AbortController>()
      const started: number[] = []
      let arrived = 0
      let most = 0
      for (const [event, choice] of script) {
        if (event === 'arrive') {
          const id = arrived++
          const stop = new AbortController()
          waiting.set(id, stop)
          const work = (): Promise<void> => {
            const { promise, resolve } = Promise.withResolvers<void>()
            waiting.delete(id)
            running.set(id, resolve)
            most = Math.max(most, running.size)
            started.push(id)
            return promise
          }
          semaphore.run(stop.signal, work).catch(() => {})
        } else if (event === 'end') {
          const id = [...running.keys()][choice % Math.max(running.size, 1)]
          if (id !== undefined) running.get(id)?.()
          if (id !== undefined) running.delete(id)
        } else {
          const id = [...waiting.keys()][choice % Math.max(waiting.size, 1)]
          if (id !== undefined) waiting.get(id)?.abort()
          if (id !== undefined) waiting.delete(id)
        }
        await turn()
        // No task waits while a permit is free.
        expect(waiting.size === 0 || running.size === permits).toBe(true)
      }
      expect(most).toBeLessThanOrEqual(permits)
      expect(started).toEqual(started.toSorted((a, b) => a - b))
    }),
    { seed: 5, numRuns: 200 },
  )
})
