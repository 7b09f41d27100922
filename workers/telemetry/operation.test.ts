import { expect, test } from 'vitest'
import { runOperation, startOperation, untraced } from './operation.ts'
import type { Span, Tracer } from './telemetry.ts'

const recordingTracer = () => {
  const lines: string[] = []
  const nameBySpan = new Map<Span, string>()
  const tracer: Tracer = {
    startSpan(name, { parent } = {}) {
      const span: Span = {
        setAttributes() {},
        addEvent() {},
        setRemoteParent() {},
        exportedContext: () => undefined,
        recordException: (error) => void lines.push(`${name} failed: ${(error as Error).message}`),
        end: () => void lines.push(`${name} ended`),
      }
      nameBySpan.set(span, name)
      lines.push(`${name} started in ${parent === undefined ? 'nothing' : nameBySpan.get(parent)}`)
      return span
    },
  }
  return { tracer, lines }
}

test('part of the work has a child span', async () => {
  const { tracer, lines } = recordingTracer()
  const operation = startOperation(tracer, 'install', new AbortController().signal)
  await operation.run('resolve', ({ run }) => run('lookup', () => 1))
  operation.span.end()
  expect(lines).toEqual([
    'install started in nothing',
    'resolve started in install',
    'lookup started in resolve',
    'lookup ended',
    'resolve ended',
    'install ended',
  ])
})

test('a failing part marks and ends its span and rejects with the same error', async () => {
  const { tracer, lines } = recordingTracer()
  const error = new Error('no route')
  const operation = startOperation(tracer, 'install', new AbortController().signal)
  await expect(operation.run('fetch', () => Promise.reject(error))).rejects.toBe(error)
  expect(lines.slice(1)).toEqual(['fetch started in install', 'fetch failed: no route', 'fetch ended'])
})

test('an added signal cancels only the derived operation; the original signal cancels both', () => {
  const [whole, part] = [new AbortController(), new AbortController()]
  const operation = untraced(whole.signal)
  const derived = operation.withSignal(part.signal)
  part.abort()
  expect([operation.signal.aborted, derived.signal.aborted]).toEqual([false, true])
  const other = operation.withSignal(new AbortController().signal)
  whole.abort()
  expect(other.signal.aborted).toBe(true)
})

test('a root operation ends its span with the outcome', async () => {
  const { tracer, lines } = recordingTracer()
  const { signal } = new AbortController()
  expect(await runOperation(tracer, 'answer', signal, () => 42)).toBe(42)
  const failing = runOperation(tracer, 'answer', signal, () => {
    throw new Error('malformed')
  })
  await expect(failing).rejects.toThrow('malformed')
  expect(lines).toEqual([
    'answer started in nothing',
    'answer ended',
    'answer started in nothing',
    'answer failed: malformed',
    'answer ended',
  ])
})

test('a detached operation keeps its span and only its own signal cancels it', () => {
  const { tracer, lines } = recordingTracer()
  const [whole, shared] = [new AbortController(), new AbortController()]
  const detached = startOperation(tracer, 'fetch', whole.signal).detached(shared.signal)
  detached.start('dial')
  whole.abort()
  expect(detached.signal.aborted).toBe(false)
  shared.abort()
  expect(detached.signal.aborted).toBe(true)
  expect(lines).toEqual(['fetch started in nothing', 'dial started in fetch'])
})
