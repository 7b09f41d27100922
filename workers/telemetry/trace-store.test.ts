import { expect, test } from 'vitest'
import { createTraceStore } from './trace-store.ts'

const trace = (name: string, id: number, spans = 1) => ({ name, id, spans: Array.from({ length: spans }) })

test('the last traces are kept', () => {
  const store = createTraceStore<ReturnType<typeof trace>>({ traces: 3, spans: 100 })
  for (let id = 0; id < 10; id += 1) store.add(trace('search', id))
  expect(store.list().map(({ id }) => id)).toEqual([7, 8, 9])
})

test('frequent names give way before rare ones', () => {
  const store = createTraceStore<ReturnType<typeof trace>>({ traces: 4, spans: 100 })
  store.add(trace('install', 0))
  for (let id = 1; id < 100; id += 1) store.add(trace('gossip_receive', id))
  expect(store.list().map(({ id }) => id)).toEqual([0, 97, 98, 99])
})

test('spans are bounded too, but the newest trace is always there', () => {
  const store = createTraceStore<ReturnType<typeof trace>>({ traces: 500, spans: 10 })
  for (let id = 0; id < 10; id += 1) store.add(trace('search', id, 4))
  expect(store.list().map(({ id }) => id)).toEqual([8, 9])
  store.add(trace('install', 10, 50))
  expect(store.list().map(({ id }) => id)).toEqual([10])
})
