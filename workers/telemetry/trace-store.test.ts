import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TraceRecord } from './span-recorder.ts'
import { createTraceStore } from './trace-store.ts'

const trace = (traceId: string, command?: string): TraceRecord => {
  const root = {
    name: command === undefined ? 'sync' : 'command',
    spanId: '1',
    parentId: undefined,
    startedAt: 0,
    durationMs: 1,
    attributes: command === undefined ? {} : { command },
    events: [],
    failure: undefined,
  }
  return { traceId, root, spans: [root], dropped: 0, isExported: false }
}

const fill = (count: number, command?: string): TraceRecord[] =>
  Array.from({ length: count }, (_, at) => trace(`${command ?? 'sync'} ${at}`, command))

test('keeps the last 500, oldest first', () => {
  const store = createTraceStore()
  for (const each of fill(700)) store.add(each)
  expect(store.list()).toEqual(fill(700).slice(-500))
})

test('work of the engine does not push out the traces of commands', () => {
  const store = createTraceStore()
  const install = trace('mine', 'install')
  store.add(install)
  for (const each of fill(5_000)) store.add(each)
  expect(store.list()).toHaveLength(500)
  expect(store.list()[0]).toBe(install)
})

test('of both kinds, the newer half stays in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 1_500, size: 'max' }), (kinds) => {
      const store = createTraceStore()
      const added = kinds.map((isCommand, at) => trace(String(at), isCommand ? 'search' : undefined))
      for (const each of added) store.add(each)
      const kept = store.list()
      expect(kept).toHaveLength(Math.min(500, added.length))
      expect(kept).toEqual(added.filter((each) => kept.includes(each)))
      for (const name of ['command', 'sync']) {
        const of = (list: readonly TraceRecord[]) => list.filter(({ root }) => root.name === name)
        const newest = of(added).slice(-Math.min(250, of(added).length))
        expect(of(kept).slice(-newest.length || Number.POSITIVE_INFINITY)).toEqual(newest)
      }
    }),
    { numRuns: 30 },
  )
})
