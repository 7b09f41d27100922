import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCoalescedRun, createCoalescedRuns } from './coalesced-runs.ts'

test('whenever it is asked, a run begins after that, never two at once, and no more than needed', async () => {
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
          // What is asked for from here on has been missed by this run.
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

test('a failure goes to those that wait for the run, and the next run begins all the same', async () => {
  let runs = 0
  const rerun = createCoalescedRun(async () => {
    runs += 1
    if (runs === 1) throw new Error('It failed.')
  })
  const [first, second] = await Promise.allSettled([rerun.ask(), rerun.ask()])
  expect([first?.status, second?.status, runs]).toEqual(['rejected', 'fulfilled', 2])
  expect(rerun.isRunning()).toBe(false)
})
