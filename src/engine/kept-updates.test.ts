import { expect, test } from 'vitest'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import { keepUpdates } from './kept-updates.ts'

test('returns buffered updates once and in order, and none that arrive later', () => {
  const listeners = new Set<(batch: UpdateBatch) => void>()
  const kept = keepUpdates({
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  })
  const batch = (revision: number): UpdateBatch => [{ kind: 'library', revision }]
  for (const revision of [1, 2]) for (const listener of listeners) listener(batch(revision))
  expect(kept.take()).toEqual([batch(1), batch(2)])
  expect(listeners.size).toBe(0)
  expect(kept.take()).toEqual([])
})
