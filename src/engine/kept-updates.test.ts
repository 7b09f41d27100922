import { expect, test } from 'vitest'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import { keepUpdates } from './kept-updates.ts'

test('what is told before it is taken is there once, in order; what comes after is for others', () => {
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
