import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { PeerDetailView, ReputationView } from '../../workers/contract/telemetry-views.ts'
import type { LibraryEntry, PackageSummary, PackageView } from '../../workers/contract/views.ts'
import { toHex } from '../../workers/protocol/ids.ts'
import { createLibrary } from '../../workers/registry/library.ts'
import { packageToDocument, packageToView } from '../../workers/registry/package-views.ts'
import { createRegistry, type Registry } from '../../workers/registry/registry.ts'
import { createSearch, type Search } from '../../workers/search/index.ts'
import { webCrypto } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import type { Store } from '../../workers/store/store.ts'
import {
  anyNumber,
  anyText,
  edgeCheck,
  edgeLibraryEntry,
  edgeName,
  edgePackages,
  edgePeer,
  edgePlan,
  edgeStatus,
  edgeTransfer,
  signEntries,
} from '../../workers/testing/hostile-views.ts'
import { packageTabs } from '../routes.ts'
import { type ShownPage, showPage, until } from './shown-page.tsx'

const now = Date.UTC(2026, 10, 27)
const pages: ShownPage[] = []
afterEach(() => {
  for (const page of pages.splice(0)) page.stop()
})

const open = (...given: Parameters<typeof showPage>): ShownPage => {
  const page = showPage(...given)
  pages.push(page)
  return page
}

/** Builds a catalogue as the engine does: the same steps as in `storage.ts`. */
const viewsOf = (registry: Registry): { search: Search; viewById: Map<string, PackageView> } => {
  const search = createSearch({ now: () => 0 })
  const viewById = new Map<string, PackageView>()
  for (const found of registry.all()) {
    const document = packageToDocument(found, now)
    if (document !== undefined) search.put(document)
    viewById.set(
      found.id,
      packageToView(found, {
        trust: 'new',
        dependents: registry.dependentsOf(found.id),
        namesakes: registry.bySlug(found.slug),
        isInstalled: () => false,
        heldBy: 3,
        now,
        manifest: { files: [{ path: 'README.md', size: 5 }] },
      }),
    )
  }
  return { search, viewById }
}

const registryOver = (store: Store): Registry => createRegistry({ store, crypto: webCrypto, onChange() {} })

const isDone = (page: ShownPage): boolean =>
  page.element.querySelector('main h1') !== null && page.element.querySelector('main .page-loading') === null

/** Opens a page and waits until it has finished loading. */
const look = async (...given: Parameters<typeof showPage>): Promise<string> => {
  const page = open(...given)
  await until(`the page ${given[0]} is drawn`, () => isDone(page) || page.failures().length > 0)
  expect(page.failures(), given[0]).toEqual([])
  const text = page.element.innerText
  expect(text, given[0]).not.toMatch(/could not be shown|Invalid|NaN|Infinity|undefined|\[object/)
  page.stop()
  return text
}

const reputationOf = (peer: string, any: number): ReputationView => ({
  peer,
  score: any,
  parts: { success: any, speed: any, bandwidth: any, recency: any },
  faults: any,
  bannedUntil: any,
})

const idOf = (slug: string): string => `${'a'.repeat(52)}/${slug}`

/** Values that every decoder rejects: an error while rendering one must not affect other parts. */
const broken = <T,>(value: object): T => value as T

const summary = (slug: string): PackageSummary => ({
  id: `${'a'.repeat(52)}/${slug}`,
  slug,
  version: '1.0.0',
  name: slug,
  description: '',
  category: 'c',
  tags: [],
  publisher: 'a'.repeat(52),
  publisherName: 'alice',
  license: 'MIT',
  size: 1,
  publishedAt: 1,
})
const entry = (slug: string): LibraryEntry => ({
  id: `${'a'.repeat(52)}/${slug}`,
  slug,
  version: '1.0.0',
  displayName: slug,
  publisherName: 'alice',
  root: toHex(new Uint8Array(32)),
  size: 1,
  installedAt: 1,
  asDependency: false,
  files: [],
})
const view = (change: object = {}): PackageView =>
  broken({
    summary: summary('hello'),
    displayName: 'hello',
    authors: [],
    keywords: [],
    repository: '',
    dependencies: [],
    dependents: [],
    heldBy: 1,
    namesakes: [],
    files: [],
    versions: [
      {
        version: '1.0.0',
        root: 'r',
        size: 1,
        fileCount: 1,
        publishedAt: 1,
        yanked: false,
        installed: false,
        equivocation: false,
      },
    ],
    publisher: { id: 'a'.repeat(52), name: 'alice', fingerprint: 'a'.repeat(52), trust: 'new' },
    ...change,
  })

describe('every page renders any valid value', () => {
  test('releases at the limits of the protocol, as received and as stored', async () => {
    await fc.assert(
      fc.asyncProperty(edgePackages, edgeName, async (packages, name) => {
        const store = createMemoryStore()
        const { entries, ids } = await signEntries(name, packages, 1)
        const first = registryOver(store)
        expect(await first.ingest(entries, { from: 'a peer' })).toMatchObject({ accepted: entries.length, rejected: 0 })
        // From the stored rows, as after a reload.
        const again = registryOver(store)
        expect((await again.load()).droppedCount).toBe(0)
        expect(again.size()).toBe(ids.length)
        const { search, viewById } = viewsOf(again)
        const answers = {
          search: async (query: Parameters<Search['query']>[0]) => search.query(query),
          describe: async (id: string) => viewById.get(id) as PackageView,
          readFile: async () => new TextEncoder().encode('# Read\n\nme'),
        }
        const page = open('/', {}, answers)
        await until('all packages are listed', () => page.element.querySelectorAll('.result').length === ids.length)
        expect(page.failures()).toEqual([])
        // Each row links to its package with visible text.
        for (const link of page.element.querySelectorAll<HTMLElement>('.result-link'))
          expect(link.innerText).toMatch(/[\p{L}\p{N}\p{P}\p{S}]/u)
        page.stop()
        for (const id of ids) for (const tab of packageTabs) await look(`/package/${id}?tab=${tab}`, {}, answers)
      }),
      { seed: 30, numRuns: 25 },
    )
  })

  test('library rows at their limits, as read by the library', async () => {
    const id = `${'a'.repeat(52)}/hello`
    await fc.assert(
      fc.asyncProperty(fc.array(edgeLibraryEntry([id]), { minLength: 1, maxLength: 3 }), async (entries) => {
        const store = createMemoryStore()
        const library = createLibrary({ store })
        for (const entry of entries) await library.add({ ...entry, id, slug: 'hello' })
        const again = createLibrary({ store })
        expect(await again.load()).toEqual({ dropped: 0 })
        await look('/library', { library: { busy: false, value: again.list() } })
      }),
      { seed: 31, numRuns: 40 },
    )
  })

  test('a peer with arbitrary numbers and texts', async () => {
    const numbers = fc.array(anyNumber, { maxLength: 20 }).map((values) => Float64Array.from(values))
    await fc.assert(
      fc.asyncProperty(
        edgePeer,
        fc.uniqueArray(anyText, { maxLength: 5 }),
        anyNumber,
        numbers,
        async (peer, texts, any, values) => {
          const detail: PeerDetailView = {
            ...peer,
            addresses: texts,
            protocols: texts,
            streams: texts.map((protocol) => ({ protocol, count: any })),
            reputation: reputationOf(peer.peerId, any),
            history: { times: values, scores: values, rttMs: values },
          }
          const page = open('/network/peers/12D3KooW', {}, { peer: async () => detail })
          await until('the peer is drawn', () => page.element.querySelector('.peer-page') !== null)
          expect(page.failures()).toEqual([])
          page.stop()
        },
      ),
      { seed: 33, numRuns: 40 },
    )
  })

  test('transfers, peers, network state and clock with arbitrary numbers and texts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(edgeTransfer, { maxLength: 3 }),
        fc.uniqueArray(edgePeer, { maxLength: 3, selector: ({ peerId }) => peerId }),
        edgeStatus,
        async (transfers, peers, status) => {
          const transferById = Object.fromEntries(transfers.map((transfer) => [transfer.id, transfer]))
          const state = { transferById, peers, status, library: { busy: false, value: [] } }
          for (const address of ['/library', '/network', '/publish', '/']) {
            const reputation = async () => peers.map(({ peerId, score }) => reputationOf(peerId, score))
            const page = open(address, state, { peers: async () => peers, reputation })
            await until(`${address} is drawn`, () => page.element.querySelector('main h1') !== null)
            expect(page.failures(), address).toEqual([])
            page.stop()
          }
        },
      ),
      { seed: 32, numRuns: 40 },
    )
  })

  test('install plans and checked drafts with arbitrary numbers and texts', async () => {
    await fc.assert(
      fc.asyncProperty(edgePlan, edgeCheck, async (plan, check) => {
        const page = open(
          `/package/${idOf('hello')}`,
          {},
          { describe: async () => view(), planInstall: async () => plan },
        )
        await until('it can be installed', () => page.element.querySelector('.package .button-primary') !== null)
        page.element.querySelector<HTMLElement>('.package .button-primary')?.click()
        await until(
          'the plan is drawn',
          () => document.querySelector('.dialog .plan') !== null || page.failures().length > 0,
        )
        expect(page.failures()).toEqual([])
        page.stop()
        const draft = {
          stage: 'open' as const,
          source: 'folder',
          folder: 'folder',
          files: check.findings.flatMap(({ path }) => (path === undefined ? [] : [{ path, bytes: new Uint8Array(0) }])),
          leftOut: check.leftOut,
          confirmed: check.fields.tags,
          typed: {},
          check,
          dryRun: undefined,
          checking: false,
          publishing: false,
        }
        const publishing = open('/publish', { draft })
        await until('the draft is drawn', () => publishing.element.querySelector('.draft') !== null)
        expect(publishing.failures()).toEqual([])
        publishing.stop()
      }),
      { seed: 33, numRuns: 25 },
    )
  })

  test.each([
    '/?q=%',
    '/?sort=__proto__&tag=%E0%A4%A',
    '/package/%E0%A4%A/x',
    '/package/a/%',
    '/%',
    '/package/a/b?tab=no&file=%00',
  ])('the address %s', async (address) => {
    const page = open(
      address,
      { library: { busy: false, value: [] } },
      { describe: () => Promise.reject(Object.assign(new Error('There is none.'), { name: 'PackageNotFound' })) },
    )
    await until('a page is drawn', () => page.element.querySelector('main h1') !== null)
    expect(page.failures()).toEqual([])
  })
})

describe('a part that fails to render is replaced alone', () => {
  test('a package in the list of packages, until the next answer', async () => {
    let hits = [summary('one'), broken<PackageSummary>({ ...summary('two'), tags: undefined }), summary('three')]
    const facets = { category: [], tag: [], license: [], publisher: [] }
    const page = open('/', {}, { search: async () => ({ total: 3, tookMs: 1, facets, hits }) })
    await until('all rows are there', () => page.element.querySelectorAll('.result-item').length === 3)
    expect(page.failures()).toHaveLength(1)
    expect(page.element.innerText).toContain('one')
    expect(page.element.innerText).toContain('three')
    hits = [summary('one'), summary('two'), summary('three')]
    page.setState({
      search: {
        wanted: undefined,
        answered: undefined,
        result: { total: 3, tookMs: 1, facets },
        pages: { 0: hits },
        peers: undefined,
      },
    })
    await until('the row is drawn again', () => page.failures().length === 0)
  })

  test('a library row, and a running install', async () => {
    const value = [entry('one'), broken<LibraryEntry>({ ...entry('two'), files: undefined }), entry('three')]
    const transfer = { id: 't', specs: undefined, state: 'fetching', bytes: 0, totalBytes: 0, sources: 0, startedAt: 0 }
    const page = open('/library', { library: { busy: false, value }, transferById: { t: broken(transfer) } })
    await until('the others are drawn', () => page.element.querySelectorAll('.library-item').length === 2)
    expect(page.failures()).toHaveLength(2)
  })

  test.each([
    ['header', { displayName: { not: 'a text' } }],
    ['versions', { versions: [broken({ version: {} }), ...view().versions] }],
    ['facts', { authors: undefined }],
    ['dependencies', { dependencies: undefined }],
    ['files', { files: [{ path: {}, size: 1 }] }],
  ])('a part of the page of a package: its %s', async (tab, change) => {
    const page = open(`/package/${'a'.repeat(52)}/hello?tab=${tab}`, {}, { describe: async () => view(change) })
    await until('it is drawn', () => page.failures().length > 0)
    expect(page.element.querySelector('.package')).not.toBeNull()
    // The rest of the page is rendered.
    const others = ['.package-header', '.tabs', '.facts'].filter((part) => page.element.querySelector(part) !== null)
    expect(others.length).toBeGreaterThanOrEqual(2)
    expect(page.element.querySelector('.header')).not.toBeNull()
  })

  test('a dialog, which can still be closed', async () => {
    const page = open(
      `/package/${idOf('hello')}`,
      {},
      {
        describe: async () => view(),
        planInstall: async () => broken({ packages: undefined, warnings: [], bytes: 0 }),
      },
    )
    await until('it can be installed', () => page.element.querySelector('.package .button-primary') !== null)
    page.element.querySelector<HTMLElement>('.package .button-primary')?.click()
    await until('it is replaced', () => page.failures().length === 1)
    expect(page.element.querySelector('.package-header')).not.toBeNull()
    const close = [...page.element.querySelectorAll('.part-failed button')].find((each) => each.textContent === 'Close')
    ;(close as HTMLElement | undefined)?.click()
    await until('it is closed', () => page.failures().length === 0)
  })

  test('a README', async () => {
    const readme = '>'.repeat(30_000)
    const page = open(
      `/package/${'a'.repeat(52)}/hello`,
      {},
      {
        describe: async () => view({ files: [{ path: 'README.md', size: readme.length }] }),
        readFile: async () => new TextEncoder().encode(readme),
      },
    )
    await until(
      'it is replaced, or drawn',
      () => page.failures().length > 0 || page.element.querySelector('.markdown')?.firstChild != null,
    )
    expect(page.element.querySelector('.package-header')).not.toBeNull()
    expect(page.element.querySelector('.facts')).not.toBeNull()
  })

  test('a peer, a relay and a step on the network page', async () => {
    const peer = {
      peerId: 'p',
      kind: 'peer',
      path: 'direct',
      address: 'a',
      connectedAt: 1,
      health: 'healthy',
      healthReason: '',
      kept: false,
    }
    const peers = [broken({ ...peer, peerId: undefined }), peer] as never
    const status = broken<NonNullable<Parameters<typeof showPage>[1]['status']>>({
      steps: {},
      relays: [{}, undefined],
      online: true,
      directConnections: 1,
      persistent: true,
      peerId: 'p',
      publisherId: {},
      publisherName: {},
      profile: 'd',
    })
    const page = open('/network', { status, peers }, { peers: async () => peers })
    await until('it is drawn', () => page.element.querySelectorAll('.ranked-peers tbody tr').length === 2)
    expect(page.element.innerText).toContain('Connect to an address')
    expect(page.failures().length).toBeGreaterThanOrEqual(2)
  })

  test('a notice, and the network line', async () => {
    const notices = [
      { id: 'x', level: 'info', message: {} },
      { id: 'y', level: 'warning', message: 'still here' },
    ] as never
    const page = open('/library', { notices, status: broken({ online: true }), library: { busy: false, value: [] } })
    await until('the page is drawn', () => page.element.querySelector('main h1') !== null)
    expect(page.element.innerText).toContain('still here')
    expect(page.element.querySelector('.nav')).not.toBeNull()
    expect(page.failures()).toHaveLength(2)
  })
})
