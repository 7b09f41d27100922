import { randomBytes } from 'node:crypto'
import type { Page } from '@playwright/test'
import { createCharts } from '../src/pages/network/chart-definitions.ts'
import {
  chartOf,
  download,
  newestSample,
  openCharts,
  readCsv,
  recordCommands,
  type Samples,
  samplesOf,
  untilSampled,
} from './fixtures/charts.ts'
import { makePackage } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'
import { setHidden } from './fixtures/window-state.ts'

const charts = {
  dht: 'DHT lookup latency',
  cache: 'Cache hit rate by tier',
  gossip: 'Gossip propagation',
  throughput: 'Throughput by protocol',
  reputation: 'Peer reputation',
  connections: 'Connections',
  operations: 'Operations',
  memory: 'Memory',
  lag: 'Event loop lag',
} as const

const titles = Object.values(charts)

/** Value of a chart's column in a row of the samples. */
type Read = (columns: Samples['columns'], row: number) => number

const at =
  (name: string): Read =>
  (columns, row) =>
    columns[name]?.[row] ?? Number.NaN

/** Share over the 60 rows that end with the row; NaN without a count. */
const share =
  (parts: readonly string[], wholes: readonly string[]): Read =>
  (columns, row) => {
    const sum = (names: readonly string[]): number =>
      names
        .flatMap((name) => columns[name]?.slice(Math.max(0, row - 59), row + 1) ?? [])
        .reduce((all, value) => all + (value || 0), 0)
    return sum(wholes) === 0 ? Number.NaN : sum(parts) / sum(wholes)
  }

const requests = ['hot', 'warm', 'cold', 'catalogue'].map((tier) => `cache_hits_${tier}`).concat('cache_misses')

const protocols = {
  Pieces: 'piece',
  Sync: 'sync',
  Query: 'query',
  DHT: 'dht',
  Gossip: 'gossip',
  Relay: 'relay',
  Other: 'other',
}

/** What each column of a chart says about the samples, independently of the page's own definitions. */
const expected: Record<keyof typeof charts, Record<string, Read>> = {
  dht: {
    p50: at('dht_lookup_p50'),
    p95: at('dht_lookup_p95'),
    p99: at('dht_lookup_p99'),
    Failed: at('dht_lookups_failed'),
  },
  cache: {
    Hot: share(['cache_hits_hot'], requests),
    Warm: share(['cache_hits_warm'], requests),
    Cold: share(['cache_hits_cold'], requests),
    Catalogue: share(['cache_hits_catalogue'], requests),
    Misses: share(['cache_misses'], requests),
    'Best possible': at('cache_memory_best_hit_rate'),
  },
  gossip: { p50: at('gossip_propagation_p50'), p95: at('gossip_propagation_p95'), Received: at('gossip_received') },
  throughput: Object.fromEntries(
    Object.entries(protocols).flatMap(([label, name]) => [
      [`↓${label}`, at(`bytes_in_${name}`)],
      [`↑${label}`, at(`bytes_out_${name}`)],
    ]),
  ),
  reputation: { Average: at('reputation_avg') },
  connections: {
    Direct: at('peers_direct'),
    Relayed: at('peers_relayed'),
    Relays: at('relays'),
    Healthy: at('connections_healthy'),
    Degraded: at('connections_degraded'),
    Unhealthy: at('connections_unhealthy'),
  },
  operations: {
    Finished: at('operations'),
    Failed: at('operations_failed'),
    'Error rate': share(['operations_failed'], ['operations']),
  },
  memory: { 'Worker heap': at('worker_heap_bytes') },
  lag: { 'Longest timer delay': at('event_loop_lag') },
}

/** The cells of a chart's table for the first sample after `since` with such a value, and how late it showed them. */
const shownRow = (page: Page, chart: string, column: string, since: number, least = Number.MIN_VALUE) =>
  page.evaluate(
    async ({ chart, column, since, least, giveUpMs }) => {
      const figure = [...document.querySelectorAll('.chart')].find(
        (each) => each.querySelector('h3')?.textContent === chart,
      )
      for (;;) {
        const { times, columns } = await window.ggen.samples(since)
        const row = columns[column]?.findIndex((value) => value >= least) ?? -1
        const time = times[row]
        const behindMs = (times.at(-1) ?? since) - (time ?? since)
        const clock = new Date(time ?? 0).toTimeString().slice(0, 8)
        const shown = [...(figure?.querySelectorAll('tbody tr') ?? [])].find(
          (each) => each.querySelector('th')?.textContent === clock,
        )
        // The engine's samples are the clock, so that a machine that stands still for a second decides nothing.
        if ((time !== undefined && shown !== undefined) || behindMs > giveUpMs)
          return { behindMs, cells: [...(shown?.querySelectorAll('td') ?? [])].map(({ textContent }) => textContent) }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    { chart, column, since, least, giveUpMs: 20_000 },
  )

/** An event is on the chart at most this long after its sample (ms). */
const shownWithinMs = 3_000

test('every chart moves by real events within three samples, and shows the values of the samples', async ({ join }) => {
  const b = await join()
  const { page } = b
  await openCharts(page)
  for (const title of titles) await page.getByRole('button', { name: `${title}: show as table` }).click()

  const moves = async (chart: keyof typeof charts, column: string, since: number, least?: number): Promise<void> => {
    const { behindMs, cells } = await shownRow(page, charts[chart], column, since, least)
    expect(behindMs, chart).toBeLessThanOrEqual(shownWithinMs)
    expect(cells.filter((cell) => cell !== '' && cell !== '–').length, chart).toBeGreaterThan(0)
  }

  const before = await newestSample(page)
  const a = await join()
  await expect.poll(async () => (await b.status()).directConnections).toBe(1)
  await moves('connections', 'peers_direct', before)

  // Announcements reach this peer by gossip once the two are in one mesh; before, by sync.
  let published = 0
  await expect
    .poll(async () => {
      published += 1
      await a.publish(makePackage(`heard-${published}`, '1.0.0').files)
      return page.evaluate(async () => (await window.ggen.percentiles())['gossip_propagation_time']?.count ?? 0)
    })
    .toBeGreaterThan(0)
  await moves('gossip', 'gossip_propagation_p50', before)

  const beforeInstall = await newestSample(page)
  const file = { path: 'data.bin', base64: randomBytes(600_000).toString('base64') }
  const { id } = await a.publish(makePackage('charted', '1.0.0', [file]).files)
  await expect.poll(async () => (await b.search({ text: 'charted' })).total).toBe(1)
  await b.install([id])
  await moves('throughput', 'bytes_in_piece', beforeInstall)
  await moves('operations', 'operations', beforeInstall)
  // Its only line in Chromium is the heap of the page, which tells nothing of a worker's.
  await moves('memory', 'bytes_in_piece', beforeInstall)
  await moves('reputation', `reputation:${(await a.status()).peerId}`, beforeInstall)

  const beforeLookups = await newestSample(page)
  await page.evaluate(async (id) => {
    for (let n = 0; n < 5; n += 1) await window.ggen.lookup(id)
    await window.ggen.lookup(`${id.split('/')[0]}/unknown`)
  }, id)
  await moves('cache', 'cache_hits_hot', beforeLookups)
  await moves('dht', 'dht_lookups', beforeLookups)

  const beforeBlock = await newestSample(page)
  await page.workers()[0]?.evaluate(() => {
    const end = performance.now() + 300
    while (performance.now() < end);
  })
  await moves('lag', 'event_loop_lag', beforeBlock, 200)

  // Still, so that the tables, the files and the samples are of the same time.
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const samples = await samplesOf(page)
  const rowOf = new Map(samples.times.map((time, row) => [time, row]))
  const definitions = createCharts()
  for (const [name, title] of Object.entries(charts) as [keyof typeof charts, string][]) {
    const file = await download(page, page.getByRole('button', { name: `${title}: save as CSV` }))
    const { times, columns } = readCsv(file.bytes)
    expect(file.name).toMatch(/^ggen-[a-z-]+\.csv$/)
    expect(times.length, title).toBeGreaterThan(5)
    for (const [label, read] of Object.entries(expected[name])) {
      const values = columns.get(label)
      expect(values, `${title}, ${label}`).toHaveLength(times.length)
      for (const [row, time] of times.entries()) {
        const sample = rowOf.get(time)
        const value = sample === undefined ? Number.NaN : read(samples.columns, sample)
        const where = `${title}, ${label}, ${new Date(time).toISOString()}`
        // Where samples are missing the file has an empty row.
        if (Number.isFinite(value)) expect(values?.[row], where).toBeCloseTo(value, 9)
        else expect(values?.[row], where).toBeNaN()
      }
    }

    // The newest row of the table says the same, in words.
    const definition = definitions.find((each) => each.title === title)
    const cells = await chartOf(page, title).locator('tbody tr').first().locator('td').allTextContents()
    const heads = await chartOf(page, title).locator('thead th').allTextContents()
    for (const [label] of Object.entries(expected[name])) {
      const series = definition?.series.find((each) => (each.columnName ?? each.label) === label)
      const value = columns.get(label)?.at(-1) ?? Number.NaN
      const format = series?.format ?? definition?.format
      expect(cells[heads.indexOf(label) - 1], `${title}, ${label}`).toBe(Number.isNaN(value) ? '–' : format?.(value))
    }
  }

  // A peer's line has the end of its name, and the page's own heap is in no sample of the engine.
  const { peerId } = await a.status()
  const reputation = readCsv(
    (await download(page, page.getByRole('button', { name: `${charts.reputation}: save as CSV` }))).bytes,
  )
  const line = [...reputation.columns].find(([label]) => label.endsWith(peerId.slice(-5)))?.[1]
  const scores = reputation.times.map((time) => at(`reputation:${peerId}`)(samples.columns, rowOf.get(time) ?? -1))
  expect(line).toEqual(scores)
  const memory = readCsv((await download(page, page.getByRole('button', { name: 'Memory: save as CSV' }))).bytes)
  expect(memory.columns.get('Page heap')?.at(-1)).toBeGreaterThan(1_000_000)

  const all = await download(page, page.getByRole('button', { name: 'Export CSV' }))
  expect(all.name).toBe('ggen-samples-quarter.csv')
  const exported = readCsv(all.bytes)
  expect(exported.times.length).toBeGreaterThan(5)
  for (const [label, values] of Object.entries(samples.columns)) {
    const own = exported.times.map((time) => values[rowOf.get(time) ?? -1] ?? Number.NaN)
    expect(exported.columns.get(label), label).toEqual(own)
  }
})

test('pointer and keys read all charts at one time and zoom them; pause holds them, and pictures are saved', async ({
  join,
}) => {
  const { page } = await join()
  await openCharts(page)
  await untilSampled(page, 12)
  const slider = (title: string) => page.getByRole('slider', { name: `${title}: time` })
  const captions = (): Promise<string[]> =>
    page.locator('.chart-caption').evaluateAll((found) => found.map(({ textContent }) => textContent))
  /** The time that all charts show. */
  const moment = async (): Promise<string> => {
    const moments = new Set((await captions()).map((caption) => /^\d\d:\d\d:\d\d/.exec(caption)?.[0] ?? 'none'))
    return [...moments].join(' and ')
  }
  const rows = async (title: string): Promise<number> => Number(await slider(title).getAttribute('aria-valuemax')) + 1

  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Resume', exact: true })).toBeVisible()
  const shown = await rows(charts.lag)
  const commands = await recordCommands(page)
  await untilSampled(page, 3)
  expect(await rows(charts.lag)).toBe(shown)
  const { times } = await samplesOf(page)
  const sampledByTest = (await commands.take()).filter((command) => command === 'samples')
  // Each asks from the start of its own wait; the page itself would ask on from its last row.
  expect(sampledByTest.length).toBeGreaterThan(0)

  const plot = await slider(charts.cache).locator('.u-over').boundingBox()
  if (plot === null) throw new Error('Nothing is drawn.')
  const place = (share: number) => [plot.x + plot.width * share, plot.y + plot.height / 2] as const
  const clockOf = (time: number | undefined): string => new Date(time ?? 0).toTimeString().slice(0, 8)
  await page.mouse.move(...place(0.99))
  await expect.poll(moment).toMatch(/^\d\d:\d\d:\d\d$/)
  const late = await moment()
  await page.mouse.move(...place(0.9))
  await expect.poll(moment).toMatch(/^\d\d:\d\d:\d\d$/)
  expect((await moment()) < late).toBe(true)
  await page.mouse.move(0, 0)
  await expect.poll(moment).toBe('none')

  await slider(charts.dht).focus()
  await page.keyboard.press('Home')
  expect(await moment()).toBe(clockOf(times[0]))
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowLeft')
  expect(await moment()).toBe(clockOf(times[1]))
  await page.keyboard.press('End')
  expect(await moment()).toBe(clockOf(times[shown - 1]))
  await expect(slider(charts.dht)).toHaveAttribute('aria-valuetext', new RegExp(`^${clockOf(times[shown - 1])}`))

  const reset = page.locator('.reset-zoom')
  await expect(reset).toBeDisabled()
  await page.keyboard.press('+')
  await page.keyboard.press('+')
  await page.keyboard.press('+')
  await expect(reset).toBeEnabled()
  for (const title of titles) expect(await rows(title), title).toBeLessThan(shown)
  const zoomed = await rows(charts.lag)
  await page.keyboard.press('-')
  expect(await rows(charts.lag)).toBeGreaterThan(zoomed)
  await page.keyboard.press('Escape')
  for (const title of titles) expect(await rows(title), title).toBe(shown)
  expect(await moment()).toBe('none')

  await page.mouse.move(...place(0.9))
  await page.mouse.down()
  await page.mouse.move(...place(0.95))
  await page.mouse.move(...place(0.99))
  await page.mouse.up()
  await expect(reset).toBeEnabled()
  for (const title of titles) expect(await rows(title), title).toBeLessThan(shown)
  await reset.click()
  for (const title of titles) expect(await rows(title), title).toBe(shown)

  for (const title of titles) {
    const { name, bytes } = await download(page, page.getByRole('button', { name: `${title}: save as PNG` }))
    expect(name).toMatch(/^ggen-[a-z-]+\.png$/)
    const picture = await page.evaluate(async (base64) => {
      const binary = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      const image = await createImageBitmap(new Blob([binary], { type: 'image/png' }))
      const canvas = new OffscreenCanvas(image.width, image.height)
      const context = canvas.getContext('2d')
      context?.drawImage(image, 0, 0)
      const { data } = context?.getImageData(0, 0, image.width, image.height) ?? { data: new Uint8ClampedArray() }
      return { width: image.width, colours: new Set(new Uint32Array(data.buffer)).size }
    }, bytes.toString('base64'))
    expect(picture.width, title).toBeGreaterThan(plot.width)
    // Title, axes and legend on the background, at least.
    expect(picture.colours, title).toBeGreaterThan(10)
  }

  // All rows of the pause arrive together, without a gap.
  await page.getByRole('button', { name: 'Resume', exact: true }).click()
  await expect.poll(() => rows(charts.lag)).toBeGreaterThan(shown + 2)
  const { columns } = readCsv(
    (await download(page, page.getByRole('button', { name: 'Connections: save as CSV' }))).bytes,
  )
  expect(columns.get('Relays')?.filter(Number.isNaN)).toEqual([])
})

test('nothing is asked of the engine while the page is hidden or another one is open', async ({ join }) => {
  // The samples of another peer are the clock.
  const [{ page }, other] = [await join(), await join()]
  await openCharts(page)
  const commands = await recordCommands(page)
  const polled = ['samples', 'peers', 'objectives', 'traces']
  await expect.poll(async () => (await commands.take()).filter((command) => polled.includes(command))).not.toEqual([])

  await setHidden(page, true)
  // What was asked before is answered.
  await untilSampled(other.page, 2)
  await commands.take()
  await untilSampled(other.page, 5)
  expect(await commands.take()).toEqual([])

  await setHidden(page, false)
  await expect.poll(async () => [...new Set(await commands.take())]).toContain('samples')
  const last = page.getByRole('slider', { name: `${charts.connections}: time` })
  await expect.poll(async () => Number(await last.getAttribute('aria-valuemax'))).toBeGreaterThan(8)
  const { columns } = readCsv(
    (await download(page, page.getByRole('button', { name: 'Connections: save as CSV' }))).bytes,
  )
  expect(columns.get('Relays')?.filter(Number.isNaN)).toEqual([])

  await page.getByRole('link', { name: 'Library', exact: true }).first().click()
  await expect(page.locator('.chart')).toHaveCount(0)
  await untilSampled(other.page, 2)
  await commands.take()
  await untilSampled(other.page, 5)
  expect(await commands.take()).toEqual([])

  await page.getByRole('link', { name: 'Network', exact: true }).first().click()
  await expect.poll(async () => [...new Set(await commands.take())].sort()).toEqual(expect.arrayContaining(['samples']))
})
