import type { Page } from '@playwright/test'
import parsePrometheus from 'parse-prometheus-text-format'
import { metricAliases } from '../workers/telemetry/otel/metric-producer.ts'
import type { ReceivedSpan } from '../workers/testing/otlp-receiver.ts'
import {
  type Collector,
  flushTelemetry,
  instanceOf,
  joinedSpans,
  serviceOf,
  tabSpans,
  test,
  traceIdsOf,
} from './fixtures/collector.ts'
import { makePackage, textFile } from './fixtures/packages.ts'
import type { Peer } from './fixtures/peer.ts'
import { expect, test as testWithoutCollector } from './fixtures/test.ts'

/** What must not reach a collector. */
const fileName = 'confidential-names.md'
const fileText = 'A sentence that only this file has.'
const searchText = 'what somebody looks for'

const { describe } = test

const exportSwitch = (page: Page) => page.getByRole('switch', { name: /^Send traces and metrics/ })

const openNetwork = (page: Page) => page.getByRole('link', { name: 'Network' }).first().click()

const setExport = (page: Page, ratio: number) =>
  page.evaluate((ratio) => window.ggen.setTelemetry({ export: true, ratio }), ratio)

/** One publishes, and the other finds it, asks peers and the DHT for something else, and installs it. */
const exchange = async (from: Peer, to: Peer, slug: string): Promise<void> => {
  const { id } = await from.publish(makePackage(slug, '1.0.0', [textFile(fileName, fileText.repeat(20))]).files)
  await expect.poll(async () => (await to.search({ text: slug })).hits.map((hit) => hit.id)).toEqual([id])
  await to.search({ text: searchText, remote: true })
  await to.page.evaluate((id) => window.ggen.lookup(id), `${id}-absent`)
  await to.install([id])
}

/** Waits for spans, which both tabs send. */
const arrived = (pages: readonly Page[], look: () => unknown): Promise<void> =>
  expect
    .poll(async () => {
      await Promise.all(pages.map(flushTelemetry))
      return Boolean(look())
    })
    .toBe(true)

/** Names of the spans above one, from the inside. */
const ancestors = (spans: readonly ReceivedSpan[], span: ReceivedSpan): string[] => {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId)
  return parent === undefined ? [] : [parent.name, ...ancestors(spans, parent)]
}

const peerOf = ({ fields }: ReceivedSpan): unknown => fields['peer']

const searchFor = (page: Page, text: string) => page.evaluate((text) => window.ggen.search({ text }), text)

test('spans of two browsers join to one trace, and nothing private arrives', async ({ join, relay, collector }) => {
  const [a, b] = [await join(), await join()]
  const pages = [a.page, b.page]
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)

  // Neither exports: what they do now never arrives.
  await exchange(a, b, 'before')
  const before = (await Promise.all(pages.map(traceIdsOf))).flat()
  expect(before.length).toBeGreaterThan(4)

  // One exports: the other tells it nothing of its traces, and nobody else.
  await setExport(a.page, 1)
  await exchange(a, b, 'one-exports')
  await arrived(pages, () => tabSpans(collector).some(({ name }) => name === 'piece_serve'))
  for (const span of tabSpans(collector)) if (/_serve$/.test(span.name)) expect(span.parentSpanId).toBeUndefined()
  expect(new Set(tabSpans(collector).map(instanceOf)).size).toBe(1)
  before.push(...(await traceIdsOf(b.page)))

  // Both export.
  await openNetwork(b.page)
  await exportSwitch(b.page).check()
  await expect(exportSwitch(b.page)).toBeChecked()
  await exchange(a, b, 'both-export')
  const servedTo = (name: string) => joinedSpans(collector).find(({ span }) => span.name === name)
  await arrived(pages, () => servedTo('piece_serve') !== undefined && servedTo('query_serve') !== undefined)

  const served = servedTo('piece_serve')
  if (served === undefined) throw new Error('No span joins.')
  const trace = collector.spans.filter(({ traceId }) => traceId === served.span.traceId)
  expect(ancestors(trace, served.span)).toEqual(['piece_source', 'fetch', 'install', 'command'])
  expect(trace.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['command', 'install', 'resolve', 'fetch', 'piece_source', 'verify', 'piece_serve']),
  )
  expect(new Set(trace.map(instanceOf)).size).toBe(2)
  expect(await traceIdsOf(b.page)).toContain(served.span.traceId)
  expect(servedTo('query_serve')?.parent.name).toBe('peer_query')

  // Peers under hashes: the same one in all traces of a profile.
  const peers = collector.spans.filter((span) => instanceOf(span) === instanceOf(served.parent)).map(peerOf)
  expect(served.parent.fields['peer']).toMatch(/^[0-9a-f]{16}$/)
  expect(new Set(peers.filter((peer) => peer !== undefined)).size).toBeLessThanOrEqual(2)

  const metric = (name: string) => collector.metrics.findLast((each) => each.name === name)
  await arrived(pages, () => Object.values(metricAliases).every((alias) => metric(alias) !== undefined))
  for (const [name, alias] of Object.entries(metricAliases))
    expect([alias, metric(name)]).not.toEqual([alias, undefined])
  const installs = metric('marketplace.install.latency')?.exponentialHistogram?.dataPoints[0]
  expect(installs?.count).toBeGreaterThan(0)
  expect(installs?.positive.bucketCounts.reduce((sum, count) => sum + count, 0)).toBe(installs?.count)
  expect(metric('marketplace.p2p.peer_count')?.gauge?.dataPoints).toMatchObject([{ asDouble: 1 }])

  // The relay tells about itself, over the same way and to Prometheus.
  await collector.until(() => collector.spans.find((span) => serviceOf(span) === 'ggen-relay'))
  await collector.until(() => collector.spans.find((span) => serviceOf(span) === 'ggen-page'))
  await collector.until(() => metric('ggen_relay_reservations'))
  const families = parsePrometheus(await (await fetch(`${relay.page}/metrics`)).text())
  const scraped = (name: string) => Number(families.find((family) => family.name === name)?.metrics[0]?.value)
  expect(scraped('ggen_relay_reservations')).toBe(2)
  expect(scraped('ggen_page_otlp_bytes_total')).toBeGreaterThan(0)

  expect(collector.faults).toEqual([])
  const bytes = collector.bodies.join('\n')
  const own = await Promise.all([a, b].map(async (peer) => (await peer.status()).peerId))
  const relayId = relay.relay.split('/').at(-1) ?? ''
  for (const id of before) expect(bytes).not.toContain(id)
  for (const secret of [...own, relayId, fileName, fileText, searchText, 'The both-export package'])
    expect(bytes).not.toContain(secret)
  expect(bytes).not.toMatch(/12D3KooW|bafz|\/(?:ip4|ip6|dns\d?|p2p)\/|127\.0\.0\.1|Mozilla|Chrom/)
})

test('a profile keeps its choice and its share over a reload', async ({ join, collector }) => {
  const { page } = await join()
  await openNetwork(page)
  await exportSwitch(page).check()
  await page.getByLabel('Share of traces to send').selectOption('0.5')
  await expect(page.getByText('This site collects telemetry.')).toBeVisible()
  // The choice is stored, not only shown.
  await expect.poll(() => page.evaluate(() => window.ggen.telemetry())).toMatchObject({ export: true, ratio: 0.5 })
  await page.reload()
  await expect(exportSwitch(page)).toBeChecked()
  await expect(page.getByLabel('Share of traces to send')).toHaveValue('0.5')
  await searchFor(page, 'metrics')
  await arrived([page], () => collector.metrics.some((metric) => serviceOf(metric) === 'ggen-marketplace'))
})

test('a share of zero sends no trace, and neither does a switch that is off', async ({ join, collector }) => {
  const { page } = await join()
  const sent = (traceId: string | undefined): boolean => collector.spans.some((span) => span.traceId === traceId)
  /** Searches, and returns the id of the trace. */
  const search = async (text: string): Promise<string> => {
    const before = await traceIdsOf(page)
    await searchFor(page, text)
    const [traceId] = (await traceIdsOf(page)).filter((id) => !before.includes(id))
    if (traceId === undefined) throw new Error('The search has no trace.')
    return traceId
  }

  await setExport(page, 0)
  const unsampled = await search('a share of zero')
  await arrived([page], () => collector.metrics.some((metric) => serviceOf(metric) === 'ggen-marketplace'))
  await setExport(page, 1)
  const sampled = await search('all')
  await arrived([page], () => sent(sampled))

  await openNetwork(page)
  await exportSwitch(page).uncheck()
  await expect.poll(() => page.evaluate(() => window.ggen.telemetry())).toMatchObject({ export: false })
  const kept = await search('off')
  await flushTelemetry(page)
  await exportSwitch(page).check()
  await expect.poll(() => page.evaluate(() => window.ggen.telemetry())).toMatchObject({ export: true })
  const again = await search('on')
  await arrived([page], () => sent(again))
  expect([unsampled, kept].filter(sent)).toEqual([])
})

describe('a collector that', () => {
  const harms: [string, (collector: Collector) => unknown][] = [
    ['is gone', (collector) => collector.stop()],
    ['answers 500', (collector) => collector.behave('failing')],
    ['never answers', (collector) => collector.behave('silent')],
  ]
  for (const [what, harm] of harms)
    test(`${what} disturbs no install, and the switch says so`, async ({ join, collector }) => {
      const [a, b] = [await join(), await join()]
      await expect.poll(async () => (await a.status()).directConnections).toBe(1)
      await Promise.all([setExport(a.page, 1), setExport(b.page, 1)])
      await harm(collector)
      await openNetwork(b.page)
      await exchange(a, b, 'undisturbed')
      expect(await b.library()).toHaveLength(1)
      await flushTelemetry(b.page)
      // Said by the page, which asks every ten seconds.
      await expect(b.page.getByText(/^The last export failed/)).toBeVisible()
      await exchange(a, b, 'undisturbed-still')
      expect(await b.library()).toHaveLength(2)
      await expect(exportSwitch(b.page)).toBeEnabled()
    })
})

testWithoutCollector('without a collector there is nothing to switch on', async ({ join, relay }) => {
  for (const path of ['/otlp/v1/traces', '/otlp/v1/metrics'])
    for (const method of ['GET', 'POST']) expect((await fetch(`${relay.page}${path}`, { method })).status).toBe(404)
  const { page } = await join()
  await openNetwork(page)
  await expect(page.getByText(/^This site has no collector/)).toBeVisible()
  await expect(exportSwitch(page)).toBeDisabled()
  // A script may choose it all the same, for a collector to come.
  expect(await setExport(page, 1)).toMatchObject({ export: true, collector: 'absent' })
  await searchFor(page, '')
  await flushTelemetry(page)
  expect(await page.evaluate(() => window.ggen.telemetry())).toMatchObject({ collector: 'absent' })
  await page.reload()
  await expect(exportSwitch(page)).toBeChecked()
  await exportSwitch(page).uncheck()
  await expect(exportSwitch(page)).toBeDisabled()
})
