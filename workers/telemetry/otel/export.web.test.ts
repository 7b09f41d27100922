import { expect, test } from 'vitest'
import { createInMemoryMeter } from '../in-memory-meter.ts'
import { createSpanRecorder } from '../span-recorder.ts'
import { createSpanConverter } from './span-converter.ts'
import { startExport } from './start-export.ts'

test('the SDK converts and exports in a browser, and a server without a collector is absent or failing', async () => {
  const converter = createSpanConverter('instance')
  const running = startExport({
    origin: location.origin,
    resource: converter.resource,
    hashPeer: async () => '0123456789abcdef',
    figures: createInMemoryMeter().reader,
    startedAt: Date.now(),
    wall: Date.now,
    monotonic: () => performance.now(),
  })
  converter.exportTo(running.processor)
  const names: string[] = []
  const { startSpan } = createSpanRecorder({
    clocks: { wall: Date.now, monotonic: () => performance.now() },
    random: Math.random,
    exportRatio: () => 1,
    onTrace: (trace) => names.push(...converter.convert(trace).map(({ name }) => name)),
  })
  startSpan('command').end()
  await running.flush()
  running.stop()
  expect(names).toEqual(['command'])
  // The test server knows no such path.
  expect(['absent', 'failing', 'available']).toContain(running.state())
})
