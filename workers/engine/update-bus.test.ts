import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { maxChanged, type UpdateBatch } from '../contract/updates.ts'
import type { StatusView, TransferView } from '../contract/views.ts'
import { createUpdateBus } from './update-bus.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const transfer = (id: string, bytes: number) =>
  ({ kind: 'transfer', transfer: { id, bytes } as unknown as TransferView }) as const

test('updates of one window are posted together, the last of each key', () => {
  const batches: UpdateBatch[] = []
  const bus = createUpdateBus((batch) => batches.push(batch))
  bus.emit(transfer('a', 1))
  bus.emit({ kind: 'library', revision: 1 })
  bus.emit(transfer('b', 1))
  bus.emit(transfer('a', 2))
  expect(batches).toEqual([])
  vi.runAllTimers()
  expect(batches).toEqual([[{ kind: 'library', revision: 1 }, transfer('b', 1), transfer('a', 2)]])
})

test('an expensive update is built once per window, from the state at its end', () => {
  const batches: UpdateBatch[] = []
  const bus = createUpdateBus((batch) => batches.push(batch))
  const make = vi.fn(() => ({ kind: 'status', status: { connections } as StatusView }) as const)
  let connections = 1
  bus.emitWhenPosted('status', make)
  connections = 2
  bus.emitWhenPosted('status', make)
  expect(make).not.toHaveBeenCalled()
  vi.runAllTimers()
  expect(make).toHaveBeenCalledOnce()
  expect(batches).toEqual([[{ kind: 'status', status: { connections: 2 } }]])
})

test('the next window is a separate batch', () => {
  const batches: UpdateBatch[] = []
  const bus = createUpdateBus((batch) => batches.push(batch))
  bus.emit({ kind: 'library', revision: 1 })
  vi.runAllTimers()
  bus.emit({ kind: 'library', revision: 2 })
  vi.runAllTimers()
  expect(batches).toEqual([[{ kind: 'library', revision: 1 }], [{ kind: 'library', revision: 2 }]])
})

test('stop posts the pending batch and nothing after', () => {
  const batches: UpdateBatch[] = []
  const bus = createUpdateBus((batch) => batches.push(batch))
  bus.emit({ kind: 'library', revision: 1 })
  bus.stop()
  bus.emit({ kind: 'library', revision: 2 })
  vi.runAllTimers()
  expect(batches).toEqual([[{ kind: 'library', revision: 1 }]])
})

test('changed packages of one window are merged, and very many become `many`', () => {
  const batches: UpdateBatch[] = []
  const bus = createUpdateBus((batch) => batches.push(batch))
  bus.emit({ kind: 'catalogue', revision: 1, size: 1, changed: ['a'] })
  bus.emit({ kind: 'catalogue', revision: 2, size: 2, changed: ['b', 'a'] })
  vi.runAllTimers()
  expect(batches).toEqual([[{ kind: 'catalogue', revision: 2, size: 2, changed: ['a', 'b'] }]])
  for (let at = 0; at <= maxChanged; at += 1)
    bus.emit({ kind: 'catalogue', revision: 3 + at, size: 2, changed: [`${at}`] })
  vi.runAllTimers()
  expect(batches[1]).toMatchObject([{ changed: 'many' }])
})
