import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxRecentEvents, recentEvents } from './recent-events.ts'

const kinds = ['peer-joined', 'peer-left', 'published'] as const

test('of any events the newest of each kind are kept, in order, and none of a rare kind goes before one of a frequent kind', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...kinds), { maxLength: 600, size: 'max' }), (given) => {
      const events = given.map((kind, time) => ({ time, kind, subject: '' }))
      const kept = recentEvents(events)
      expect(kept).toHaveLength(Math.min(given.length, maxRecentEvents))
      const counts = kinds.map((kind) => {
        const ofKind = kept.filter((event) => event.kind === kind)
        const all = events.filter((event) => event.kind === kind)
        expect(ofKind).toEqual(ofKind.length === 0 ? [] : all.slice(-ofKind.length))
        return { kept: ofKind.length, all: all.length }
      })
      const largest = Math.max(...counts.map((count) => count.kept))
      for (const count of counts) if (count.kept < count.all) expect(count.kept).toBeGreaterThanOrEqual(largest - 1)
      expect(kept.map(({ time }) => time)).toEqual(kept.map(({ time }) => time).sort((a, b) => a - b))
    }),
    { seed: 8, numRuns: 200 },
  )
})
