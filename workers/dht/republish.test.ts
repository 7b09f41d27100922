import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { startRepublish } from './republish.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const hour = 3_600_000

const start = (reached: () => number) => {
  const done: string[] = []
  const note = async (what: string): Promise<number> => {
    done.push(what)
    return reached()
  }
  const republish = startRepublish({
    telemetry: noTelemetry,
    heads: () => [{ key: 'head', value: new Uint8Array() }],
    roots: async () => ['root'],
    put: note,
    provide: note,
  })
  return { done, republish }
}

test('puts heads every 12 h and provides roots every 22 h until it is stopped', async () => {
  const { done, republish } = start(() => 1)
  await vi.advanceTimersByTimeAsync(12 * hour)
  expect(done).toEqual(['head'])
  await vi.advanceTimersByTimeAsync(12 * hour)
  expect(done).toEqual(['head', 'root', 'head'])
  republish.stop()
  await vi.advanceTimersByTimeAsync(48 * hour)
  expect(done).toHaveLength(3)
})

test('a round that reached no peer is repeated soon', async () => {
  const { done, republish } = start(() => 0)
  republish.now()
  await vi.advanceTimersByTimeAsync(11 * 60_000)
  expect(done.sort()).toEqual(['head', 'head', 'root', 'root'])
  republish.stop()
})

test('a round requested while another runs follows it', async () => {
  const runs: PromiseWithResolvers<number>[] = []
  const republish = startRepublish({
    telemetry: noTelemetry,
    heads: () => [{ key: 'head', value: new Uint8Array() }],
    roots: () => [],
    put() {
      const run = Promise.withResolvers<number>()
      runs.push(run)
      return run.promise
    },
    provide: async () => 0,
  })
  republish.now()
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(1)
  // The machine slept, so the running round can only fail.
  republish.now()
  republish.now()
  runs[0]?.reject(new Error('no connection'))
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(2)
  republish.stop()
})
