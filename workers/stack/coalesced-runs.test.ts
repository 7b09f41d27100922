import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCoalescedRun, createCoalescedRuns } from './coalesced-runs.ts'

test('every request is followed by a run, without concurrent or superfluous runs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.boolean() }), { minLength: 1, maxLength: 12 }),
      async (scheduler, asks) => {
        const running = new Set<string>()
        const unseen = new Map<string, number>()
        let runs = 0
        const failing = new Set<number>()
        const reruns = createCoalescedRuns(async (key: string) => {
          expect(running.has(key)).toBe(false)
          running.add(key)
          const run = runs
          runs += 1
          unseen.set(key, 0)
          // This run misses requests from here on.
          await scheduler.schedule(Promise.resolve(), 'the work')
          await scheduler.schedule(Promise.resolve(), 'its end')
          running.delete(key)
          if (failing.has(run)) throw new Error('It failed.')
        })
        const answers = asks.map(async ({ key, fails }) => {
          await scheduler.schedule(Promise.resolve(), `${key} is asked for`)
          if (fails) failing.add(runs)
          unseen.set(key, (unseen.get(key) ?? 0) + 1)
          await reruns.ask(key).catch(() => {})
          expect(unseen.get(key)).toBe(0)
        })
        await scheduler.waitFor(Promise.all(answers))
        expect([...unseen.values()].every((count) => count === 0)).toBe(true)
        expect(runs).toBeLessThanOrEqual(asks.length)
        expect(reruns.running()).toBe(0)
      },
    ),
  )
})

test('a failure rejects the callers of that run and does not stop the next one', async () => {
  let runs = 0
  const rerun = createCoalescedRun(async () => {
    runs += 1
    if (runs === 1) throw new Error('It failed.')
  })
  const [first, second] = await Promise.allSettled([rerun.ask(), rerun.ask()])
  expect([first?.status, second?.status, runs]).toEqual(['rejected', 'fulfilled', 2])
  expect(rerun.isRunning()).toBe(false)
})
