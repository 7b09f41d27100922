import { describe, expect, test, vi } from 'vitest'
import { type TabCommand, tabCommands } from '../../workers/contract/command-table.ts'
import { Failure } from '../../workers/contract/failures.ts'
import type { UpdateBatch } from '../../workers/contract/updates.ts'
import type {
  FileInput,
  PackageCheck,
  PublishOptions,
  SearchQuery,
  SearchResult,
  StatusView,
} from '../../workers/contract/views.ts'
import type { EngineClient } from '../engine/client.ts'
import type { Picked } from '../lib/picked-files.ts'
import { createCommands } from './commands.ts'
import { PAGE_HITS } from './state.ts'
import { createPageStore } from './store.ts'

const id = `${'a'.repeat(52)}/hello`
const facets = { category: [], tag: [], license: [], publisher: [] }
const answerTo = ({ offset = 0, text = '' }: SearchQuery, total = 3 * PAGE_HITS): SearchResult => ({
  total,
  tookMs: 1,
  facets,
  hits: [{ ...hit, name: `${text} ${offset}` }],
})
const hit = {
  id,
  slug: 'hello',
  version: '1.0.0',
  name: 'hello',
  description: '',
  category: '',
  tags: [],
  publisher: '',
  publisherName: '',
  license: '',
  size: 0,
  publishedAt: 0,
}

/** An engine that rejects all commands except those that a test supplies. */
const compose = (given: Partial<EngineClient> = {}, traceOf = (): string | undefined => undefined) => {
  let tell: (batch: UpdateBatch) => void = () => {}
  const refuse = () => Promise.reject(new Failure('Internal', { code: 'unexpected', detail: 'not part of this test' }))
  const refusals = Object.fromEntries(tabCommands.map((name) => [name, refuse])) as unknown as Pick<
    EngineClient,
    TabCommand
  >
  const client: EngineClient = {
    ready: Promise.resolve(),
    subscribe: (listener) => {
      tell = listener
      return () => {
        tell = () => {}
      }
    },
    stop: refuse,
    ...refusals,
    library: async () => [],
    ...given,
  }
  const store = createPageStore('system')
  const commands = createCommands(client, store, traceOf)
  return { store, commands, tell: (batch: UpdateBatch) => tell(batch) }
}

const ready = (store: ReturnType<typeof createPageStore>) =>
  vi.waitFor(() => expect(store.getState().engine.phase).toBe('ready'))

describe('starting', () => {
  test('that fails keeps the named failure', async () => {
    const { store, commands } = compose({
      ready: Promise.reject(new Failure('ProfileInUse', { code: 'profile-held', profile: 'p' })),
    })
    commands.start()
    await vi.waitFor(() =>
      expect(store.getState().engine).toEqual({
        phase: 'failed',
        failure: { name: 'ProfileInUse', reason: { code: 'profile-held', profile: 'p' } },
      }),
    )
  })

  test('subscribes until it is undone', async () => {
    const { store, commands, tell } = compose()
    const stop = commands.start()
    tell([{ kind: 'catalogue', revision: 1, size: 4, changed: 'many' }])
    expect(store.getState().catalogue.size).toBe(4)
    stop()
    tell([{ kind: 'catalogue', revision: 2, size: 5, changed: 'many' }])
    expect(store.getState().catalogue.size).toBe(4)
  })
})

test('applies updates from before the page loaded first', () => {
  const { store, commands, tell } = compose()
  const notice = {
    kind: 'notice',
    id: 'n',
    level: 'warning',
    name: 'Internal',
    reason: { code: 'described', detail: 'Something is damaged.' },
  } as const
  commands.start([
    [{ kind: 'catalogue', revision: 1, size: 4, changed: 'many' }, notice],
    [{ kind: 'catalogue', revision: 2, size: 5, changed: 'many' }],
  ])
  expect(store.getState().catalogue.size).toBe(5)
  expect(store.getState().notices.map(({ message }) => message)).toEqual(['Something is damaged.'])
  tell([{ kind: 'catalogue', revision: 3, size: 6, changed: 'many' }])
  expect(store.getState().catalogue.size).toBe(6)
})

describe('searching', () => {
  test('waits for the engine, then answers the last query', async () => {
    const search = vi.fn(async (query: SearchQuery) => answerTo(query))
    const { store, commands } = compose({ search })
    commands.search({ text: 'a' })
    commands.search({ text: 'ab' })
    expect(search).not.toHaveBeenCalled()
    commands.start()
    await vi.waitFor(() => expect(store.getState().search.pages[0]?.[0]?.name).toBe('ab 0'))
    expect(search).toHaveBeenCalledTimes(1)
  })

  test('keeps older results while a newer request runs, and on a failure', async () => {
    let release: (() => void) | undefined
    const search = vi.fn(async (query: SearchQuery) => {
      if (query.text === 'slow') {
        await new Promise<void>((resolve) => {
          release = resolve
        })
      }
      if (query.text === 'bad') throw new Failure('Internal', { code: 'unexpected', detail: 'broken' })
      return answerTo(query)
    })
    const { store, commands } = compose({ search })
    commands.start()
    await ready(store)
    commands.search({ text: 'first' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('first'))
    commands.search({ text: 'slow' })
    await vi.waitFor(() => expect(release).toBeDefined())
    expect(store.getState().search.pages[0]?.[0]?.name).toBe('first 0')
    release?.()
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('slow'))
    commands.search({ text: 'bad' })
    await vi.waitFor(() =>
      expect(store.getState().search.failure?.reason).toEqual({ code: 'unexpected', detail: 'broken' }),
    )
    expect(store.getState().search.pages[0]?.[0]?.name).toBe('slow 0')
    commands.search({ text: 'good' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('good'))
    expect(store.getState().search.failure).toBeUndefined()
  })

  test('loads further pages, and drops one that answers an older query', async () => {
    const waiting: (() => void)[] = []
    const search = vi.fn(async (query: SearchQuery) => {
      if (query.offset !== 0) await new Promise<void>((resolve) => waiting.push(resolve))
      return answerTo(query)
    })
    const { store, commands } = compose({ search })
    commands.start()
    await ready(store)
    commands.search({ text: 'old' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('old'))
    commands.loadPage(1)
    commands.loadPage(1)
    await vi.waitFor(() => expect(waiting).toHaveLength(1))
    commands.search({ text: 'new' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('new'))
    waiting[0]?.()
    await vi.waitFor(() => {
      commands.loadPage(1)
      expect(waiting).toHaveLength(2)
    })
    expect(store.getState().search.pages[1]).toBeUndefined()
    waiting[1]?.()
    await vi.waitFor(() => expect(store.getState().search.pages[1]?.[0]?.name).toBe(`new ${PAGE_HITS}`))
  })

  test('assigns late rows to the query that requested them', async () => {
    const waiting = new Map<string, () => void>()
    const search = vi.fn(async (query: SearchQuery) => {
      if (query.offset !== 0) await new Promise<void>((resolve) => waiting.set(query.text ?? '', resolve))
      return answerTo(query)
    })
    const { store, commands } = compose({ search })
    commands.start()
    await ready(store)
    commands.search({ text: 'old' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('old'))
    commands.loadPage(1)
    commands.search({ text: 'new' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('new'))
    // Not blocked by the same page of the older query.
    commands.loadPage(1)
    expect([...waiting.keys()]).toEqual(['old', 'new'])
    waiting.get('new')?.()
    await vi.waitFor(() => expect(store.getState().search.pages[1]?.[0]?.name).toBe(`new ${PAGE_HITS}`))
    waiting.get('old')?.()
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(store.getState().search.pages[1]?.[0]?.name).toBe(`new ${PAGE_HITS}`)
    expect(store.getState().search.pages[0]?.[0]?.name).toBe('new 0')
  })

  test('searches again when the catalogue changed', async () => {
    const search = vi.fn(async (query: SearchQuery) => answerTo(query, search.mock.calls.length))
    const { store, commands, tell } = compose({ search })
    commands.start()
    await ready(store)
    commands.search({ text: '' })
    await vi.waitFor(() => expect(store.getState().search.result?.total).toBe(1))
    tell([{ kind: 'catalogue', revision: 9, size: 2, changed: 'many' }])
    await vi.waitFor(() => expect(store.getState().search.result?.total).toBe(2))
  })
})

describe('remote search', () => {
  const status = { searchablePeers: 2, catalogueComplete: false, catalogueSize: 0 } as StatusView
  const told: UpdateBatch = [{ kind: 'status', status }]

  /** An engine without local results; the test controls the answers to remote searches. */
  const searching = async () => {
    const remote: { query: SearchQuery; answer: (peers: { asked: number; answered: number }) => void }[] = []
    const cancelled: string[] = []
    const search = vi.fn(async (query: SearchQuery): Promise<SearchResult> => {
      if (query.remote !== true) return answerTo(query, 0)
      const peers = await new Promise<{ asked: number; answered: number }>((answer) => remote.push({ query, answer }))
      return { ...answerTo(query, 0), peers }
    })
    const composed = compose({ search, cancel: async (searchId) => void cancelled.push(searchId) })
    composed.commands.start()
    await ready(composed.store)
    return { ...composed, search, remote, cancelled, peers: () => composed.store.getState().search.peers }
  }

  test('runs once, after the local results and a pause in typing', async () => {
    const { commands, tell, remote, search, peers } = await searching()
    tell(told)
    for (const text of ['k', 'ki', 'kit']) commands.search({ text })
    await vi.waitFor(() => expect(remote).toHaveLength(1))
    expect(remote[0]?.query).toMatchObject({ text: 'kit', remote: true })
    expect(peers()).toBe('asking')
    remote[0]?.answer({ asked: 2, answered: 1 })
    await vi.waitFor(() => expect(peers()).toEqual({ asked: 2, answered: 1 }))
    // Results update the list through the catalogue; neither they nor another order trigger a new search.
    const before = search.mock.calls.length
    tell([{ kind: 'catalogue', revision: 5, size: 1, changed: 'many' }])
    commands.search({ text: 'kit', sort: 'name' })
    await vi.waitFor(() => expect(search.mock.calls.length).toBeGreaterThan(before))
    expect(peers()).toEqual({ asked: 2, answered: 1 })
    expect(remote).toHaveLength(1)
  })

  test('ends when the text changes, and its answer is not shown for the newer text', async () => {
    const { commands, tell, remote, cancelled, peers } = await searching()
    tell(told)
    commands.search({ text: 'old' })
    await vi.waitFor(() => expect(remote).toHaveLength(1))
    commands.search({ text: 'new' })
    expect(peers()).toBeUndefined()
    expect(cancelled).toEqual([remote[0]?.query.searchId])
    remote[0]?.answer({ asked: 9, answered: 9 })
    await vi.waitFor(() => expect(remote).toHaveLength(2))
    expect(peers()).toBe('asking')
    remote[1]?.answer({ asked: 1, answered: 1 })
    await vi.waitFor(() => expect(peers()).toEqual({ asked: 1, answered: 1 }))
    expect(cancelled).toHaveLength(1)
  })

  test('waits for a searchable peer', async () => {
    const { commands, store, tell, remote } = await searching()
    tell([{ kind: 'status', status: { ...status, searchablePeers: 0 } }])
    commands.search({ text: 'kit' })
    await vi.waitFor(() => expect(store.getState().search.answered?.text).toBe('kit'))
    tell(told)
    await vi.waitFor(() => expect(remote).toHaveLength(1))
  })
})

describe('installing', () => {
  test('shows the transfer at once, and keeps its outcome', async () => {
    const { store, commands } = compose({
      install: async () => ({
        installed: [],
        bytes: 1,
        tookMs: 1,
        warnings: [{ code: 'yanked-chosen', package: 'web', version: '1.0.0' }],
      }),
    })
    const transferId = commands.install([id])
    expect(store.getState().transferById[transferId]?.state).toBe('resolving')
    await vi.waitFor(() => expect(store.getState().transferById[transferId]?.state).toBe('done'))
    expect(store.getState().notices.map(({ level }) => level)).toEqual(['success', 'warning'])
  })

  test('that fails can be retried as a new transfer', async () => {
    const install = vi
      .fn<EngineClient['install']>()
      .mockRejectedValueOnce(new Failure('ContentUnavailable', { code: 'content-unavailable', root: 'r', peers: 0 }))
      .mockRejectedValueOnce(new Failure('Cancelled', { code: 'cancelled' }))
    const { store, commands } = compose({ install })
    const first = commands.install([id])
    await vi.waitFor(() => expect(store.getState().transferById[first]?.state).toBe('failed'))
    const failed = store.getState().transferById[first]
    if (failed === undefined) throw new Error('The transfer is gone.')
    const second = commands.retry(failed)
    expect(Object.keys(store.getState().transferById)).toEqual([second])
    await vi.waitFor(() => expect(store.getState().transferById[second]?.state).toBe('cancelled'))
    expect(install.mock.calls[1]?.[1]?.transferId).toBe(second)
  })
})

describe('removing', () => {
  const plan = { breaks: [{ id, slug: 'web', version: '1.0.0', displayName: 'Web' }] }

  test('lists the dependents, and removes despite them only when forced', async () => {
    const uninstall = vi.fn<EngineClient['uninstall']>(async (_id, _version, options) => {
      if (options?.force !== true)
        throw new Failure('NeededByOthers', { code: 'described', detail: 'web 1.0.0 needs it.' })
    })
    const { store, commands } = compose({ uninstall, planUninstall: async () => plan, library: async () => [] })
    expect(await commands.planUninstall(id, '1.0.0')).toEqual(plan)
    await commands.uninstall(id, '1.0.0')
    expect(store.getState().notices.at(-1)).toMatchObject({ level: 'error', message: 'web 1.0.0 needs it.' })
    await commands.uninstall(id, '1.0.0', { force: true })
    expect(store.getState().notices.at(-1)).toMatchObject({ level: 'success' })
  })

  test('of a missing package returns a failure', async () => {
    const { commands } = compose({
      planUninstall: () =>
        Promise.reject(new Failure('NotInstalled', { code: 'not-installed', package: id, version: '1.0.0' })),
    })
    expect(await commands.planUninstall(id, '1.0.0')).toEqual({
      name: 'NotInstalled',
      reason: { code: 'not-installed', package: id, version: '1.0.0' },
    })
  })
})

describe('publishing', () => {
  const fields = {
    slug: 'hello',
    version: '1.0.0',
    displayName: '',
    description: '',
    category: '',
    tags: [],
    keywords: [],
    license: '',
    authors: [],
    repository: '',
  }
  const check = async (files: FileInput[], options: PublishOptions = {}): Promise<PackageCheck> => ({
    ok: options.fields?.version !== 'bad',
    findings: [],
    fields: { ...fields, ...options.fields },
    dependencies: [],
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length })),
    size: 0,
    leftOut: options.leftOut ?? [],
  })
  const result = { id, version: '1.0.0', root: 'r', warnings: [] }
  /** An engine that holds one draft. */
  const drafts = () => {
    let files: FileInput[] = []
    let options: PublishOptions = {}
    return {
      openDraft: vi.fn<EngineClient['openDraft']>(async (given, from = {}) => {
        files = given
        options = from
        return { id: 'draft', check: await check(given, from) }
      }),
      changeDraft: vi.fn<EngineClient['changeDraft']>((_id, { fields }) => {
        options = { ...options, ...(fields === undefined ? {} : { fields }) }
        return check(files, options)
      }),
      publishDraft: vi.fn<EngineClient['publishDraft']>(async () => result),
      closeDraft: vi.fn<EngineClient['closeDraft']>(async () => {}),
    }
  }
  const picked = (size = 1, read = async () => new ArrayBuffer(1)): Picked => ({
    files: [{ path: 'hello/package.toml', content: { size, arrayBuffer: read } }],
    skipped: [],
  })
  const draftOf = (store: ReturnType<typeof createPageStore>) => store.getState().draft

  test('does not read files that are too large', async () => {
    const read = vi.fn(async () => new ArrayBuffer(1))
    const { store, commands } = compose()
    await commands.openFiles(picked(100_000_001, read))
    expect(read).not.toHaveBeenCalled()
    expect(draftOf(store)).toMatchObject({ stage: 'refused', findings: [{ name: 'PackageTooLarge' }] })
  })

  test('strips the folder, checks, dry-runs, and publishes the typed fields', async () => {
    const engine = drafts()
    const { store, commands } = compose(engine)
    await commands.openFiles(picked())
    await vi.waitFor(() => expect(draftOf(store)).toMatchObject({ stage: 'open', checking: false, folder: 'hello' }))
    expect(draftOf(store)).toMatchObject({
      check: { files: [{ path: 'package.toml', size: 1 }] },
      dryRun: { root: 'r' },
    })
    commands.typeField('version', '2.0.0')
    await vi.waitFor(() =>
      expect(draftOf(store)).toMatchObject({ checking: false, check: { fields: { version: '2.0.0' } } }),
    )
    await commands.publishDraft()
    expect(engine.openDraft.mock.calls).toMatchObject([[[{ path: 'package.toml' }], { folder: 'hello' }]])
    expect(engine.publishDraft.mock.lastCall).toMatchObject(['draft', { fields: { version: '2.0.0' } }])
    expect(draftOf(store)).toMatchObject({ stage: 'published', result: { id } })
    await vi.waitFor(() => expect(engine.closeDraft.mock.calls).toEqual([['draft']]))
  })

  test('does not dry-run a draft with errors', async () => {
    const engine = drafts()
    const { store, commands } = compose(engine)
    await commands.openFiles(picked())
    await vi.waitFor(() => expect(draftOf(store)).toMatchObject({ checking: false }))
    engine.publishDraft.mockClear()
    commands.typeField('version', 'bad')
    await vi.waitFor(() => expect(draftOf(store)).toMatchObject({ checking: false, check: { ok: false } }))
    expect(draftOf(store)).toMatchObject({ dryRun: undefined })
    expect(engine.publishDraft).not.toHaveBeenCalled()
  })

  test('of other files, or of none, closes the open draft', async () => {
    const engine = drafts()
    const { store, commands } = compose(engine)
    for (const closed of [0, 1]) {
      await commands.openFiles(picked())
      await vi.waitFor(() => expect(draftOf(store)).toMatchObject({ checking: false }))
      expect(engine.closeDraft).toHaveBeenCalledTimes(closed)
    }
    commands.discardDraft()
    await vi.waitFor(() => expect(engine.closeDraft).toHaveBeenCalledTimes(2))
  })

  test('that fails keeps the draft', async () => {
    const engine = drafts()
    engine.publishDraft
      .mockResolvedValueOnce(result)
      .mockRejectedValueOnce(new Failure('QuotaExceeded', { code: 'disk-full' }))
    const { store, commands } = compose(engine)
    await commands.openFiles(picked())
    await vi.waitFor(() => expect(draftOf(store)).toMatchObject({ checking: false }))
    await commands.publishDraft()
    expect(draftOf(store)).toMatchObject({ stage: 'open', publishing: false, failure: { name: 'QuotaExceeded' } })
  })

  test('of an archive that cannot be read names the reason', async () => {
    const { store, commands } = compose({
      readArchive: async () => {
        throw new Failure('ArchiveUnreadable', { code: 'archive-unreadable', fault: 'damaged' })
      },
    })
    await commands.openArchive(new File([new Uint8Array(3)], 'a.zip'))
    expect(draftOf(store)).toMatchObject({
      stage: 'refused',
      findings: [{ name: 'ArchiveUnreadable', reason: { fault: 'damaged' } }],
    })
  })
})

describe('the trace of an operation', () => {
  const traceId = 'b'.repeat(32)

  test('is kept with the install that it records, until the install is dismissed', async () => {
    const failing = Promise.withResolvers<never>()
    const { store, commands } = compose({ install: () => failing.promise }, () => traceId)
    const transfer = commands.install([id])
    expect(store.getState().traceIdByTransfer).toEqual({ [transfer]: traceId })
    failing.reject(new Failure('Timeout', { code: 'peer-left' }))
    await vi.waitFor(() => expect(store.getState().transferById[transfer]?.state).toBe('failed'))
    commands.dismissTransfer(transfer)
    expect(store.getState().traceIdByTransfer).toEqual({})
  })

  test('is kept with the results of a search', async () => {
    const { store, commands } = compose({ search: async (query) => answerTo(query) }, () => traceId)
    store.setState({ engine: { phase: 'ready' } })
    commands.search({ text: 'kit' })
    await vi.waitFor(() => expect(store.getState().search.result?.traceId).toBe(traceId))
  })

  test('is absent where the engine recorded none', async () => {
    const { store, commands } = compose({ search: async (query) => answerTo(query) })
    store.setState({ engine: { phase: 'ready' } })
    commands.search({ text: 'kit' })
    await vi.waitFor(() => expect(store.getState().search.result).toBeDefined())
    expect(store.getState().search.result).not.toHaveProperty('traceId')
  })
})
