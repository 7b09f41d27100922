import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CheckedPiece } from './content-store.ts'
import { createPieceWriter } from './piece-writer.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const piece = (index: number, length = 256 * 1024): CheckedPiece =>
  ({ index, bytes: new Uint8Array(length) }) as CheckedPiece

const create = () => {
  const writes: { pieces: number[]; done: PromiseWithResolvers<void> }[] = []
  const failures: unknown[] = []
  const writer = createPieceWriter({
    write: (pieces) => {
      const done = Promise.withResolvers<void>()
      writes.push({ pieces: pieces.map(({ index }) => index), done })
      return done.promise
    },
    onWritten: () => {},
    onFailure: (reason) => failures.push(reason),
  })
  return { writer, writes, failures }
}

test('writes full batches immediately, and an incomplete one after a delay', async () => {
  const { writer, writes } = create()
  for (let index = 0; index < 9; index += 1) writer.add(piece(index))
  expect(writes.map(({ pieces }) => pieces)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]])
  expect(writer.backlog).toBe(9 * 256 * 1024)
  writes[0]?.done.resolve()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(writes[1]?.pieces).toEqual([8])
  writes[1]?.done.resolve()
  await writer.close()
  expect(writer.backlog).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('runs one write at a time, and batches pieces meanwhile', async () => {
  const { writer, writes } = create()
  for (let index = 0; index < 30; index += 1) writer.add(piece(index))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(writes).toHaveLength(1)
  writes[0]?.done.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(writes[1]?.pieces).toHaveLength(22)
})

test('close writes waiting pieces', async () => {
  const { writer, writes } = create()
  writer.add(piece(3, 10))
  const closing = writer.close()
  expect(writes[0]?.pieces).toEqual([3])
  writes[0]?.done.resolve()
  await closing
  expect(vi.getTimerCount()).toBe(0)
})

test('reports a failed write, and writes nothing after it', async () => {
  const { writer, writes, failures } = create()
  for (let index = 0; index < 8; index += 1) writer.add(piece(index))
  const full = new Error('full')
  writes[0]?.done.reject(full)
  await vi.advanceTimersByTimeAsync(0)
  for (let index = 8; index < 17; index += 1) writer.add(piece(index))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(writes).toHaveLength(1)
  expect(failures).toEqual([full])
  await expect(writer.close()).rejects.toBe(full)
  expect(vi.getTimerCount()).toBe(0)
})
