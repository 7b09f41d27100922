import { afterAll, expect, test, vi } from 'vitest'
import { createEngineNetwork, eventually } from '../network.ts'

const parts = vi.hoisted(() => ({ asked: new Set<string>() }))

/** The parts of the worker that load later, of a server that is gone. */
vi.mock('../../telemetry/otel/span-converter.ts', () => {
  parts.asked.add('converter')
  throw new Error('Failed to fetch dynamically imported module')
})
vi.mock('../../engine/measurements.ts', () => {
  parts.asked.add('measurements')
  throw new Error('Failed to fetch dynamically imported module')
})

const network = createEngineNetwork()
afterAll(network.stopAll)

test('an engine whose telemetry does not load does all its work', async ({ signal }) => {
  const a = await network.start('a')
  const b = await network.start('b')
  await b.meet(a)
  await a.publish('untold', '1.0.0', { 'data.bin': new Uint8Array(50_000).map((_, at) => at * 7) })
  await eventually('the package is known', async () => (await b.search({})).total === 1, signal)
  expect((await b.install(['untold'])).installed).toHaveLength(1)

  // Each tries to load the missing parts again.
  for (let times = 0; times < 3; times += 1) {
    expect(await b.traces()).toEqual([])
    expect((await b.setTelemetry({ export: true })).export).toBe(true)
    expect(await b.metrics()).toMatchObject({ packages_installed: 1 })
    await expect(b.samples()).rejects.toThrow()
    await expect(b.objectives()).rejects.toThrow()
    await b.flush()
  }
  expect(parts.asked).toEqual(new Set(['converter', 'measurements']))
  expect((await b.percentiles())['package_install_duration']).toMatchObject({ count: 1 })
  await network.leave(b)
})
