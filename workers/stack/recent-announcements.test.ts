import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRecentAnnouncements, type RecentAnnouncement } from './recent-announcements.ts'

const limits = { maxCount: 6, maxBytes: 600, maxAgeMs: 1_000 }

const announcementOf = (given: {
  name: string
  publisher: string
  source: string
  size: number
  mark?: number
}): RecentAnnouncement => ({
  packageId: `${given.publisher}/${given.name}`,
  publisher: given.publisher,
  source: given.source,
  message: {
    from: new Uint8Array(),
    seqno: new Uint8Array(8),
    topic: 't',
    signature: new Uint8Array(),
    key: new Uint8Array(),
    data: new Uint8Array(given.size).fill(given.mark ?? 0),
  },
})

const arbitraryAnnouncement = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  publisher: fc.constantFrom('p', 'q', 'r', 's'),
  source: fc.constantFrom('x', 'y', 'z'),
  size: fc.integer({ min: 1, max: 300 }),
  mark: fc.nat(255),
})

test('stays within its limits and keeps only the newest announcement of each package', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(arbitraryAnnouncement, fc.nat(400)), { maxLength: 60 }), (all) => {
      let now = 0
      const recent = createRecentAnnouncements(() => now, limits)
      const newest = new Map<string, { at: number; announcement: RecentAnnouncement }>()
      for (const [given, laterMs] of all) {
        now += laterMs
        const announcement = announcementOf(given)
        recent.add(announcement)
        newest.set(announcement.packageId, { at: now, announcement })
        const list = recent.list()
        expect(list.length).toBeLessThanOrEqual(limits.maxCount)
        expect(recent.bytes()).toBe(list.reduce((sum, { data }) => sum + data.length, 0))
        expect(recent.bytes()).toBeLessThanOrEqual(limits.maxBytes)
        for (const message of list) {
          const kept = [...newest.values()].find((each) => each.announcement.message === message)
          expect(now - (kept?.at ?? Number.NEGATIVE_INFINITY)).toBeLessThanOrEqual(limits.maxAgeMs)
        }
      }
    }),
  )
})

test('one source with any number of identities does not evict announcements of other sources within their share', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ publisher: fc.nat(1_000), size: fc.integer({ min: 1, max: 200 }) })), (flood) => {
      const recent = createRecentAnnouncements(() => 0, limits)
      const honest = [1, 2].map((n) =>
        announcementOf({ name: 'a', publisher: `honest ${n}`, source: 'home', size: 100 }),
      )
      for (const announcement of honest) recent.add(announcement)
      for (const { publisher, size } of flood)
        recent.add(announcementOf({ name: 'spam', publisher: `${publisher}`, source: 'stranger', size }))
      for (const { message } of honest) expect(recent.list()).toContain(message)
    }),
  )
})

test('one publisher does not evict another behind the same address', () => {
  const recent = createRecentAnnouncements(() => 0, limits)
  const [one] = [announcementOf({ name: 'a', publisher: 'one', source: 'school', size: 50 })]
  if (one === undefined) return
  recent.add(one)
  for (let n = 0; n < 50; n += 1)
    recent.add(announcementOf({ name: `n${n}`, publisher: 'two', source: 'school', size: 60 }))
  expect(recent.list()).toContain(one.message)
  expect(recent.list()[0]?.data.length).toBe(60)
})
