import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { Page } from '@playwright/test'
import type { SpanView, TraceView } from '../workers/contract/telemetry-views.ts'
import { backgroundPaths } from '../workers/testing/trace-recording.ts'
import { makePackage } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

const tracesOf = async (page: Page, name: string): Promise<TraceView[]> =>
  (await page.evaluate(() => window.ggen.traces(500))).filter((trace) => trace.name === name)

/** The newest such trace of a command, once it has ended with its background work. */
const traceOf = async (
  page: Page,
  name: string,
  isWanted: (trace: TraceView) => boolean = () => true,
): Promise<TraceView> => {
  const find = async (): Promise<TraceView | undefined> => (await tracesOf(page, name)).find(isWanted)
  await expect.poll(find, name).toBeDefined()
  return (await find()) as TraceView
}

const pathOf = (span: SpanView, { spans }: TraceView): string => {
  const parent = spans.find(({ spanId }) => spanId === span.parentId)
  return parent === undefined ? span.name : `${pathOf(parent, { spans } as TraceView)} > ${span.name}`
}

const pathsOf = (trace: TraceView): string[] => trace.spans.map((span) => pathOf(span, trace))

/** Attributes of all spans of a name. */
const attributesOf = ({ spans }: TraceView, name: string): SpanView['attributes'][] =>
  spans.filter((span) => span.name === name).map(({ attributes }) => attributes)

/** Parts that do not lie within the span that they belong to, to a millisecond. */
const strays = (trace: TraceView): string[] =>
  trace.spans.flatMap((span) => {
    const parent = trace.spans.find(({ spanId }) => spanId === span.parentId)
    const path = pathOf(span, trace)
    if (parent === undefined) return span.parentId === undefined ? [] : [`${path} has no parent`]
    const early = parent.startMs - span.startMs
    const late = span.startMs + span.durationMs - parent.startMs - parent.durationMs
    if (early <= 1 && (late <= 1 || backgroundPaths.some((pattern) => pattern.test(path)))) return []
    return [`${path} begins ${early.toFixed(1)} ms before its parent, and ends ${late.toFixed(1)} ms after it`]
  })

const expectSound = (trace: TraceView): void => {
  expect(strays(trace)).toEqual([])
  const [first] = trace.spans
  expect(first?.parentId).toBeUndefined()
  expect(trace.spans.filter(({ parentId }) => parentId === undefined)).toHaveLength(1)
  expect(trace.spans.map(({ startMs }) => startMs)).toEqual(
    trace.spans.map(({ startMs }) => startMs).toSorted((a, b) => a - b),
  )
  for (const { name, durationMs } of trace.spans) expect(durationMs, name).toBeGreaterThanOrEqual(0)
}

const number: unknown = expect.any(Number)

test('publish, search, lookup and install leave traces of their steps; what memory answers leaves none', async ({
  join,
}) => {
  const [a, b] = [await join(), await join()]
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
  const { peerId: aId, publisherId } = await a.status()
  const file = { path: 'data.bin', base64: randomBytes(600_000).toString('base64') }
  // Once both are in one mesh, the announcement is part of the publication.
  let published = 0
  await expect
    .poll(async () => {
      published += 1
      await a.publish(makePackage(`earlier-${published}`, '1.0.0').files)
      return b.page.evaluate(async () => (await window.ggen.percentiles())['gossip_propagation_time']?.count ?? 0)
    })
    .toBeGreaterThan(0)
  const { id } = await a.publish(makePackage('traced', '1.0.0', [file]).files)
  await expect.poll(async () => (await b.search({ text: 'traced' })).total).toBe(1)

  const publish = await traceOf(a.page, 'publish', (each) => attributesOf(each, 'publish')[0]?.['package'] === id)
  expect(pathsOf(publish)).toEqual(
    expect.arrayContaining([
      'command > publish > check',
      'command > publish > store',
      'command > publish > announce',
      'command > publish > dht_put > dht_query > dht_peer_query',
    ]),
  )
  expectSound(publish)
  expect(attributesOf(publish, 'publish')).toEqual([{ dry_run: false, package: id, version: '1.0.0' }])
  expect(attributesOf(publish, 'check')).toMatchObject([{ files: 2, ok: true }])
  expect(attributesOf(publish, 'store')).toMatchObject([{ files: 2, bytes: number }])
  expect(attributesOf(publish, 'announce')[0]?.['peers']).toBeGreaterThan(0)
  expect(attributesOf(publish, 'dht_put')[0]?.['acknowledgements']).toBeGreaterThan(0)

  // The open page searches as well, for everything.
  const search = await traceOf(b.page, 'search', (each) => attributesOf(each, 'search')[0]?.['total'] === 1)
  expect(pathsOf(search)).toEqual(['command', 'command > search'])
  expect(attributesOf(search, 'search')).toEqual([{ results: 1, total: 1, from: 'local' }])
  expectSound(search)

  const absent = await b.page.evaluate((id) => window.ggen.lookup(id), `${String(publisherId)}/absent`)
  expect(absent).toMatchObject({ found: false })
  const lookup = await traceOf(b.page, 'lookup')
  expect(pathsOf(lookup)).toEqual(
    expect.arrayContaining([
      'command > lookup > dht_query > dht_peer_query',
      'command > lookup > peer_selection',
      'command > lookup > peer_query',
    ]),
  )
  expectSound(lookup)
  expect(attributesOf(lookup, 'lookup')).toEqual([{ tier: 'none', found: false }])
  const [query] = attributesOf(lookup, 'dht_query')
  expect(query).toMatchObject({ fan_out: number, timed_out: 0, hops: 0, found: false, outcome: 'absent' })
  const requests = attributesOf(lookup, 'dht_peer_query')
  expect(requests).toHaveLength(Number(query?.['asked']))
  expect(requests.filter(({ outcome }) => outcome === 'answered')).toHaveLength(Number(query?.['answered']))
  expect(requests.map(({ peer }) => peer)).toContain(aId)
  for (const request of requests) expect(request).toMatchObject({ peer: expect.any(String), ms: number })
  expect(attributesOf(lookup, 'peer_selection')).toMatchObject([{ candidates: 1, filtered: 0, count: 1 }])

  const { bytes } = await b.install([id])
  const install = await traceOf(b.page, 'install')
  expect(pathsOf(install)).toEqual(
    expect.arrayContaining([
      'command > install',
      'command > install > resolve',
      'command > install > fetch',
      'command > install > fetch > piece_source',
      'command > install > verify',
    ]),
  )
  expectSound(install)
  expect(attributesOf(install, 'install')).toMatchObject([{ packages: 1, bytes, sources: 1 }])
  expect(attributesOf(install, 'resolve')).toEqual([{ packages: 1, steps: 1 }])
  expect(attributesOf(install, 'fetch')).toMatchObject([{ root: expect.any(String), bytes, sources: 1 }])
  // One for each peer, not for each of the three pieces.
  expect(attributesOf(install, 'piece_source')).toEqual([
    { peer: aId, pieces: 3, bytes, relayed: false, outcome: 'done' },
  ])
  expect(attributesOf(install, 'verify')).toEqual([{ files: 2, read_again: 0 }])

  const lookups = async (): Promise<number> => (await tracesOf(b.page, 'lookup')).length
  expect(await b.page.evaluate(async (id) => (await window.ggen.lookup(id)).found, id)).toBe(true)
  const before = await lookups()
  const tiers = await b.page.evaluate(async (id) => {
    const seen: string[] = []
    for (let n = 0; n < 10; n += 1) seen.push((await window.ggen.lookup(id)).from)
    return seen
  }, id)
  expect(new Set(tiers)).toEqual(new Set(['hot']))
  // A later operation has its trace, so those of the lookups would be there.
  await b.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), id)
  await traceOf(b.page, 'verify')
  expect(await lookups()).toBe(before)
})

test('search, install and publication link to their traces, which say where the time went', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  const folder = await mkdtemp(joinPath(tmpdir(), 'ggen-folder-'))
  try {
    const manifest = '[package]\nname = "linked"\nversion = "1.0.0"\ndescription = "A package"\nlicense = "MIT"\n'
    await writeFile(joinPath(folder, 'package.toml'), manifest)
    // Too large for the preview of the package page, which would leave the install nothing to fetch.
    await writeFile(joinPath(folder, 'data.bin'), randomBytes(2_500_000))
    await a.page.getByRole('link', { name: 'Publish' }).first().click()
    await a.page.getByLabel('Package folder').setInputFiles(folder)
    await a.page.getByRole('button', { name: 'Publish', exact: true }).click()
    await a.page.getByRole('link', { name: 'Details of this publication' }).click()
  } finally {
    await rm(folder, { recursive: true })
  }
  await expectTrace(a.page, 'Publish')
  const step = (page: Page, name: RegExp) => page.getByRole('treeitem', { name })
  await expect(step(a.page, /^Store the package/)).toBeVisible()

  await b.page.getByLabel('Search packages').first().fill('linked')
  await b.page
    .getByRole('link', { name: /^in [\d.]+ / })
    .first()
    .click()
  await expectTrace(b.page, 'Search')
  await expect(
    b.page
      .getByText('Results in total')
      .or(step(b.page, /^Search/))
      .first(),
  ).toBeVisible()

  await b.page.getByRole('link', { name: 'Browse', exact: true }).first().click()
  await b.page.getByRole('link', { name: 'linked' }).first().click()
  await b.page
    .getByRole('button', { name: /^Install/ })
    .first()
    .click()
  const dialog = b.page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Install', exact: true }).click()
  await dialog.getByRole('link', { name: 'Details of this install' }).click()
  await expectTrace(b.page, 'Install')

  // The tree is one stop of the tab order, and arrow keys walk it.
  const tree = b.page.getByRole('tree')
  const chosen = tree.locator('[aria-selected=true]')
  await expect(chosen).toHaveCount(1)
  await expect(tree.locator('[tabindex="0"]')).toHaveCount(1)
  await chosen.focus()
  await b.page.keyboard.press('Home')
  await expect(chosen).toHaveAttribute('aria-level', '1')
  await expect(chosen).toBeFocused()
  const shown = await tree.getByRole('treeitem').count()
  await b.page.keyboard.press('ArrowLeft')
  await expect(tree.getByRole('treeitem')).toHaveCount(1)
  await b.page.keyboard.press('ArrowRight')
  await expect(tree.getByRole('treeitem')).toHaveCount(shown)
  await b.page.keyboard.press('ArrowRight')
  await expect(chosen).toHaveAttribute('aria-level', '2')
  await b.page.keyboard.press('End')
  await expect(chosen).toBeFocused()
  const details = b.page.getByRole('region', { name: 'Details of the step' })
  for (let presses = 0; presses < shown && !(await chosen.textContent())?.startsWith('Fetch content'); presses += 1)
    await b.page.keyboard.press('ArrowUp')
  await expect(details.getByRole('heading', { name: 'Fetch content' })).toBeVisible()
  await expect(details).toContainText('Content ID')

  // The list has it too.
  await b.page.getByRole('link', { name: 'All operations' }).click()
  await b.page.getByRole('combobox', { name: 'Kind' }).selectOption({ label: 'Install' })
  const list = b.page.getByRole('region', { name: 'Operations, newest first' })
  await expect(list.getByRole('link')).toHaveCount(1)
  await list.getByRole('link', { name: /^Install/ }).click()
  await expectTrace(b.page, 'Install')
})

/** A trace page that has its waterfall and says in words where the time went. */
const expectTrace = async (page: Page, name: string): Promise<void> => {
  await expect(page.getByRole('heading', { level: 1, name, exact: true })).toBeVisible()
  await expect(page.getByRole('heading', { name: /^(Where the time went|Why it was slow)$/ })).toBeVisible()
  await expect(page.getByText(/ \(\d+\s?%\) was spent /)).toBeVisible()
  await expect(page.getByRole('tree').getByRole('treeitem').first()).toBeVisible()
}
