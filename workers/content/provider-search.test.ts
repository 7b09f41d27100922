import { expect, test, vi } from 'vitest'
import { createProviderSearch } from './provider-search.ts'

test('a network that names providers without end is heard for a while, and others have their turn meanwhile', async () => {
  let named = 0
  let isClosed = false
  const find = async function* () {
    try {
      for (;;) {
        named += 1
        if (named > 100_000) throw new Error('named without end')
        yield `peer-${named}`
      }
    } finally {
      isClosed = true
    }
  }
  let turns = 0
  const turning = setInterval(() => {
    turns += 1
  }, 0)
  const found = new Set<string>()
  const search = createProviderSearch(
    find,
    (peer) => found.add(peer),
    new AbortController().signal,
    () => 0,
  )
  search.look()
  await vi.waitUntil(() => search.hasEnded(), { timeout: 20_000 })
  clearInterval(turning)
  expect(isClosed).toBe(true)
  expect(found.size).toBe(256)
  expect(turns).toBeGreaterThan(0)
})
