import { beforeEach, expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { createInMemoryMeter, type MeterReader } from '../telemetry/in-memory-meter.ts'
import type { Operation } from '../telemetry/operation.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import { recordTraces, type TraceRecording } from '../testing/trace-recording.ts'
import { startCommandOperations } from './command-operations.ts'

interface Commands {
  lookup(id: string): Promise<string>
  status(): Promise<string>
}

let figures: MeterReader
let recording: TraceRecording
let commands: Commands
let started: ReturnType<typeof startCommandOperations<Commands>>
let operations: Operation[]
let outcome: () => string
const lifetime = new AbortController()

beforeEach(() => {
  const { meter, reader } = createInMemoryMeter()
  figures = reader
  recording = recordTraces()
  operations = []
  outcome = () => 'found'
  const run = async (operation: Operation): Promise<string> => {
    operations.push(operation)
    return outcome()
  }
  started = startCommandOperations<Commands>(
    { lookup: run, status: run },
    {
      telemetry: { meter, tracer: recording.tracer },
      signal: lifetime.signal,
      fromMemory: { lookup: (id) => (id === 'known' ? 'remembered' : undefined) },
    },
  )
  commands = started.commands
})

const counted = (command: string): Record<string, number> =>
  Object.fromEntries(
    ['ok', 'failed', 'cancelled'].map((each) => [each, figures.sum('operations_total', { command, outcome: each })]),
  )

test('a command runs in a span with its name, and is counted', async () => {
  expect(await commands.lookup('other')).toBe('found')
  expect(recording.traces.map(({ root }) => [root.name, root.attributes, root.failure])).toEqual([
    ['command', { command: 'lookup' }, undefined],
  ])
  expect(operations[0]?.signal).toBe(lifetime.signal)
  expect(counted('lookup')).toEqual({ ok: 1, failed: 0, cancelled: 0 })
})

test('a call that memory answers is counted, and neither runs nor has a span', async () => {
  expect(await commands.lookup('known')).toBe('remembered')
  expect(operations).toEqual([])
  expect(recording.started).toEqual([])
  expect(counted('lookup')).toEqual({ ok: 1, failed: 0, cancelled: 0 })
})

test('a failure is counted as one, and marks the span', async () => {
  outcome = () => {
    throw new Failure('PackageNotFound', { code: 'not-in-catalogue', spec: 'x', namesakes: [], more: 0 })
  }
  await expect(commands.lookup('other')).rejects.toMatchObject({ name: 'PackageNotFound' })
  expect(recording.traces[0]?.root.failure).toBe('PackageNotFound')
  expect(counted('lookup')).toEqual({ ok: 0, failed: 1, cancelled: 0 })
})

test.each(['Cancelled', 'Stopped'] as const)('an end as %s is no failure', async (name) => {
  outcome = () => {
    throw new Failure(name, { code: 'cancelled' })
  }
  await expect(commands.lookup('other')).rejects.toMatchObject({ name })
  expect(counted('lookup')).toEqual({ ok: 0, failed: 0, cancelled: 1 })
})

test('a command that only reads state in memory has neither span nor count', async () => {
  expect(await commands.status()).toBe('found')
  await operations[0]?.run('part', () => {})
  expect(recording.started).toEqual([])
  expect(counted('status')).toEqual({ ok: 0, failed: 0, cancelled: 0 })
})

test('the span takes the ids that the page has chosen', async () => {
  const context = parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00')
  expect(await started.run('lookup', ['other'], context)).toBe('found')
  expect(recording.traces).toMatchObject([
    { traceId: '0af7651916cd43dd8448eb211c80319c', root: { spanId: 'b7ad6b7169203331', parentId: undefined } },
  ])
})

test('without readable ids the span gets ids of its own', async () => {
  expect(await started.run('lookup', ['other'], parseTraceparent('00-no'))).toBe('found')
  expect(await commands.lookup('other')).toBe('found')
  expect(recording.traces).toHaveLength(2)
  for (const { traceId, root } of recording.traces)
    expect([traceId, root.spanId]).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      expect.stringMatching(/^[0-9a-f]{16}$/),
    ])
})
