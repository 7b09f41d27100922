import { expose, releaseProxy, wrap } from 'comlink'
import { afterAll, expect, test } from 'vitest'
import { createBrowserEngine } from '../browser-engine.ts'
import type { EngineCommands, TracedCommands } from '../contract/commands.ts'
import type { SamplesView } from '../contract/telemetry-views.ts'
import { transferResults } from './transfer-results.ts'

const stops: (() => unknown)[] = []
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

const arraysOf = ({ times, columns, points }: SamplesView): Float64Array[] => [
  times,
  ...Object.values(columns),
  ...Object.values(points).flatMap(({ times, values }) => [times, values]),
]

test('samples arrive as one transferred buffer, with what Chromium tells about memory and storage', async () => {
  const { commands } = await createBrowserEngine(
    {
      profile: `samples-${crypto.randomUUID()}`,
      relays: [],
      iceServers: [],
      updates: { postMessage() {} },
      onStolen() {},
    },
    undefined,
  )
  stops.push(() => commands.stop())
  let sent: SamplesView | undefined
  const observed = {
    ...commands,
    async samples(...given: Parameters<EngineCommands['samples']>) {
      sent = await commands.samples(...given)
      return sent
    },
  }
  const { port1, port2 } = new MessageChannel()
  expose(transferResults(observed as unknown as TracedCommands), port1)
  const page = wrap<EngineCommands>(port2)
  stops.push(() => {
    page[releaseProxy]()
    port1.close()
    port2.close()
  })

  const last = (view: SamplesView, column: string): number => view.columns[column]?.at(-1) ?? Number.NaN
  await expect
    .poll(
      async () => {
        const view = await page.samples()
        return view.times.length >= 2 && last(view, 'storage_bytes') > 0
      },
      { timeout: 30_000 },
    )
    .toBe(true)
  const view = await page.samples()
  const arrays = arraysOf(view)
  expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(1)
  expect(arrays.every((each) => each instanceof Float64Array)).toBe(true)
  expect(view.times.length).toBeGreaterThanOrEqual(2)
  // The sender has lost them: they were not copied.
  if (sent === undefined) throw new Error('The engine was asked.')
  for (const array of arraysOf(sent)) expect(array.length).toBe(0)
  // The engine runs in the page here, whose heap Chromium tells.
  expect(last(view, 'worker_heap_bytes')).toBeGreaterThan(1_000_000)
  expect(view.columns['event_loop_lag']?.some((lag) => lag >= 0)).toBe(true)
})
