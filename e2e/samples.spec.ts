import { randomBytes } from 'node:crypto'
import type { Page } from '@playwright/test'
import { makePackage } from './fixtures/packages.ts'
import { engineUp, openPeer } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Sums of columns, and what else tells how samples arrived. */
const samplesOf = (page: Page, step: 'second' | 'minute' = 'second') =>
  page.evaluate(async (step) => {
    const { times, columns, events } = await window.ggen.samples(undefined, { step })
    const sum = (name: string): number => columns[name]?.reduce((total, each) => total + each, 0) ?? 0
    const arrays = [times, ...Object.values(columns)]
    return {
      rows: times.length,
      pieceBytesIn: sum('bytes_in_piece'),
      pieceBytesOut: sum('bytes_out_piece'),
      buffers: new Set(arrays.map(({ buffer }) => buffer)).size,
      areColumns: arrays.every((each) => each instanceof Float64Array && each.length === times.length),
      events: events.map(({ kind }) => kind),
    }
  }, step)

const directPeer = (page: Page) =>
  page.evaluate(async () => (await window.ggen.peers()).find(({ kind, path }) => kind === 'peer' && path === 'direct'))

test('two browsers measure the same install over WebRTC, and a reload keeps the minutes', async ({ join, relay }) => {
  const [a, b] = [await join(), await join()]
  // The round trip is there at once, not after the first regular check.
  await expect.poll(async () => (await directPeer(b.page))?.rttMs ?? 0).toBeGreaterThan(0)
  const file = { path: 'data.bin', base64: randomBytes(400_000).toString('base64') }
  const { id } = await a.publish(makePackage('sampled', '1.0.0', [file]).files)
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
  await b.install([id])

  await expect.poll(async () => (await samplesOf(b.page)).pieceBytesIn).toBeGreaterThan(400_000)
  await expect.poll(async () => (await samplesOf(a.page)).pieceBytesOut).toBe((await samplesOf(b.page)).pieceBytesIn)
  const seen = await samplesOf(b.page)
  expect([seen.buffers, seen.areColumns]).toEqual([1, true])
  expect(seen.events).toEqual(expect.arrayContaining(['relay-connected', 'peer-joined', 'installed']))
  expect((await directPeer(b.page))?.bytesIn).toBeGreaterThan(400_000)
  const metrics = await b.page.evaluate(() => window.ggen.metrics())
  expect(metrics['active_peers']).toBe(1)

  // A second tab of the profile gets them from the first.
  const second = await openPeer(b.page.context(), relay.page)
  expect((await samplesOf(second.page)).areColumns).toBe(true)
  await second.close()

  // As when the page is hidden: whatever is pending is stored.
  await b.page.evaluate(() => window.dispatchEvent(new Event('pagehide')))
  const { pieceBytesIn } = await samplesOf(b.page)
  await b.page.reload()
  await engineUp(b.page)
  await expect.poll(async () => (await samplesOf(b.page, 'minute')).pieceBytesIn).toBeGreaterThanOrEqual(pieceBytesIn)
})
