import { expect, test } from 'vitest'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createSpanRecorder, type TraceRecord } from '../telemetry/span-recorder.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import { startCommandOperations } from './command-operations.ts'

const compose = () => {
  const traces: TraceRecord[] = []
  const tracer = createSpanRecorder({
    clocks: { wall: () => 0, monotonic: () => 0 },
    random: Math.random,
    exportRatio: () => 0,
    onTrace: (trace) => traces.push(trace),
  })
  const commands = { double: async (_: unknown, number: number) => number * 2 }
  const started = startCommandOperations<{ double(number: number): Promise<number> }>(commands, {
    telemetry: { ...noTelemetry, tracer },
    signal: new AbortController().signal,
  })
  return { ...started, traces }
}

test("a command's span takes the ids that the page has chosen", async () => {
  const { run, traces } = compose()
  const context = parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')
  expect(await run('double', [4], context)).toBe(8)
  expect(traces).toMatchObject([
    { traceId: '0af7651916cd43dd8448eb211c80319c', root: { spanId: 'b7ad6b7169203331', parentId: undefined } },
  ])
})

test('a command without a readable trace gets ids of its own', async () => {
  const { run, commands, traces } = compose()
  expect(await run('double', [4], parseTraceparent('00-no'))).toBe(8)
  expect(await commands.double(5)).toBe(10)
  expect(traces).toHaveLength(2)
  for (const { traceId, root } of traces)
    expect([traceId, root.spanId]).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
    ])
})
