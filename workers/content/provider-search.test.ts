import { expect, test, vi } from 'vitest'
import { createProviderSearch } from './provider-search.ts'

test('bounds an endless provider lookup and yields to other tasks meanwhile', async () => {
  let yielded = 0
  let isClosed = false
  const find = async function* () {
    try {
      for (;;) {
        yielded += 1
        if (yielded > 100_000) throw new Error('lookup was not bounded')
        yield `peer-${yielded}`
      }
    } finally {
      isClosed = true
    }
  }
  let ticks = 0
  const ticking = setInterval(() => {
    ticks += 1
  }, 0)
  const found = new Set<string>()
  const search = createProviderSearch(
    find,
    (peer) => found.add(peer),
    new AbortController().signal,
    () => 0,
  )
  search.startIfDue()
  await vi.waitUntil(() => search.hasCompleted(), { timeout: 20_000 })
  clearInterval(ticking)
  expect(isClosed).toBe(true)
  expect(found.size).toBe(256)
  expect(ticks).toBeGreaterThan(0)
})
