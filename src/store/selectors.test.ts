import { describe, expect, test } from 'vitest'
import type { PackageSummary, StatusView, StepState, TransferView } from '../../workers/contract/views.ts'
import { formatAgo } from '../text/format.ts'
import {
  clockNotice,
  emptyReason,
  hitAt,
  isSearching,
  latestTime,
  lookupLines,
  missingPages,
  networkLine,
  openTransfers,
  peersSentence,
  rankOf,
  runningTransfer,
  shouldQueryPeers,
  stepLines,
  transferSentence,
  transferShare,
} from './selectors.ts'
import { initialState, PAGE_HITS, type SearchState, type State } from './state.ts'

test('counts reads by where they were answered, and compares them once there are enough', () => {
  const none = { hits: { hot: 0, warm: 0, cold: 0, catalogue: 0 }, misses: 0, hitRate: 0 }
  const kinds = { package: none, manifest: none, file: none }
  const memory = { requests: 4, hitRate: 0.25, best: 0.5 }
  expect(lookupLines({ ...none, kinds, memory })).toEqual(['No packages or files read yet.'])
  const one = { ...kinds, package: { ...none, misses: 1 } }
  expect(lookupLines({ ...none, misses: 1, kinds: one, memory })).toEqual([
    '1 read of a package or file: 1 sent to other peers.',
  ])
  const hits = { hot: 700, warm: 200, cold: 80, catalogue: 100 }
  const all = { package: { ...none, misses: 20 }, manifest: { ...none, misses: 3 }, file: { ...none, hits, misses: 2 } }
  const many = { requests: 1_100, hitRate: 0.818, best: 0.9 }
  expect(lookupLines({ ...none, hits, misses: 25, kinds: all, memory: many })).toEqual([
    '1,105 reads of packages and files: 1,000 answered from memory, 80 from browser storage, 20 sent to other peers and 5 not in this browser.',
    'Of the last 1,100, the cache in memory answered 82%; an ideal cache of its size would answer 90%.',
  ])
})

const statusOf = (
  change: Partial<StatusView> = {},
  states: Partial<Record<keyof StatusView['steps'], StepState>> = {},
) => {
  const step = (key: keyof StatusView['steps']) => ({ state: states[key] ?? 'ok', since: 1 })
  const status: StatusView = {
    peerId: 'p',
    publisherId: 'q',
    publisherName: 'me',
    profile: 'default',
    online: true,
    relays: [],
    connections: 1,
    directConnections: 1,
    catalogueSize: 0,
    catalogueComplete: true,
    searchablePeers: 0,
    persistent: true,
    channelPath: 'transfer',
    steps: {
      relay: step('relay'),
      reservation: step('reservation'),
      direct: step('direct'),
      topic: step('topic'),
      catalogue: step('catalogue'),
      storage: step('storage'),
    },
    ...change,
  }
  return status
}
const state = (change: Partial<State>): State => ({ ...initialState('system'), engine: { phase: 'ready' }, ...change })

describe('the network line', () => {
  const cases: [string, Partial<State>, string][] = [
    ['starting', { engine: { phase: 'starting' } }, 'working'],
    ['stopped', { engine: { phase: 'failed', failure: { name: 'Internal', reason: { code: 'cancelled' } } } }, 'error'],
    ['with direct peers', { status: statusOf({ directConnections: 2 }) }, 'ok'],
    ['alone', { status: statusOf({ directConnections: 0 }, { direct: 'waiting' }) }, 'ok'],
    [
      'with peers that are only relayed so far',
      { status: statusOf({ directConnections: 0 }, { direct: 'working' }) },
      'working',
    ],
    ['behind a wall', { status: statusOf({ directConnections: 0 }, { direct: 'failed' }) }, 'warning'],
    ['offline', { status: statusOf({ online: false }, { relay: 'failed' }) }, 'warning'],
    ['connecting', { status: statusOf({ online: false }, { relay: 'working' }) }, 'working'],
  ]
  test.each(cases)('has a matching tone %s', (_, change, tone) => {
    const line = networkLine(state(change))
    expect(line.tone).toBe(tone)
    expect(line.sentence).not.toBe('')
  })

  test('counts direct peers in words', () => {
    expect(networkLine(state({ status: statusOf({ directConnections: 1 }) })).sentence).toBe('Connected to 1 peer')
  })
})

test('reports a wrong clock with its offset and direction, and no correct one', () => {
  expect(clockNotice({ status: statusOf() })).toBeUndefined()
  expect(clockNotice({ status: undefined })).toBeUndefined()
  expect(clockNotice({ status: statusOf({ clockAheadMs: 3 * 3_600_000 }) })?.title).toContain('3 hours ahead of')
  expect(clockNotice({ status: statusOf({ clockAheadMs: -3 * 365 * 86_400_000 }) })?.title).toContain('3 years behind')
})

test('a step suggests an action only when it failed, and keeps the reason of the engine', () => {
  const status = statusOf({ channelPath: 'none' }, { direct: 'failed' })
  status.steps.relay = { state: 'failed', reason: { code: 'relay-silent', relay: 'example.org' }, since: 7 }
  const lines = stepLines(status)
  expect(lines.map(({ key }) => key)).toEqual(['relay', 'reservation', 'direct', 'topic', 'catalogue', 'storage'])
  expect(lines.filter(({ next }) => next !== '').map(({ key }) => key)).toEqual(['relay', 'direct'])
  expect(lines[0]?.sentence).toContain('The relay at example.org does not answer.')
  expect(lines.map(({ since }) => since)).toEqual([7, 1, 1, 1, 1, 1])
  expect(lines[2]?.next).toContain('WebRTC')
})

describe('an empty list', () => {
  const result = { total: 0, tookMs: 1, facets: { category: [], tag: [], license: [], publisher: [] } }
  const search = (text: string, total = 0): State['search'] => ({
    wanted: { text },
    answered: { text },
    result: { ...result, total },
    pages: {},
    peers: undefined,
  })
  const reason = (change: Partial<State>) => emptyReason(state({ search: search(''), ...change }))

  test('has no reason while there are hits, or no answer yet', () => {
    expect(reason({ search: search('', 3) })).toBeUndefined()
    expect(emptyReason(state({}))).toBeUndefined()
  })

  test('has the applicable reason', () => {
    expect(reason({ search: search('xyz'), catalogue: { revision: 1, size: 9 } })).toBe('no-match')
    expect(reason({})).toBe('connecting')
    expect(reason({ status: statusOf({ online: false }, { relay: 'failed' }) })).toBe('offline')
    expect(reason({ status: statusOf({ online: false }, { relay: 'working' }) })).toBe('connecting')
    expect(reason({ status: statusOf() })).toBe('nobody')
  })

  test('of a search in an empty catalogue is attributed to the catalogue', () => {
    expect(reason({ search: search('xyz'), status: statusOf() })).toBe('nobody')
  })

  test('of a search that other peers answered is attributed to the search', () => {
    const asked = (peers: State['search']['peers']) =>
      reason({ search: { ...search('xyz'), peers }, status: statusOf() })
    expect(asked('asking')).toBe('connecting')
    expect(asked({ asked: 3, answered: 1 })).toBe('no-match')
    expect(asked({ asked: 3, answered: 0 })).toBe('nobody')
  })
})

describe('remote search', () => {
  const result = { tookMs: 1, facets: { category: [], tag: [], license: [], publisher: [] } }
  const looking = (
    text: string,
    total: number,
    change: Partial<StatusView> = {},
    search: Partial<SearchState> = {},
  ) => {
    const wanted = { text }
    return state({
      search: { wanted, answered: wanted, result: { ...result, total }, pages: {}, peers: undefined, ...search },
      status: statusOf({ searchablePeers: 3, ...change }),
    })
  }

  test('is useful until the catalogue is complete, and then when nothing is found', () => {
    expect(shouldQueryPeers(looking('a', 9, { catalogueComplete: false }))).toBe(true)
    expect(shouldQueryPeers(looking('a', 9))).toBe(false)
    expect(shouldQueryPeers(looking('a', 0))).toBe(true)
    expect(shouldQueryPeers(looking('', 0, { catalogueComplete: false }))).toBe(true)
    expect(shouldQueryPeers(looking('', 9, { catalogueComplete: false }))).toBe(false)
    expect(shouldQueryPeers(looking('', 0))).toBe(false)
  })

  test('is not useful without peers, before the local answer, or twice', () => {
    expect(shouldQueryPeers(looking('a', 0, { searchablePeers: 0 }))).toBe(false)
    expect(shouldQueryPeers(looking('a', 0, {}, { answered: { text: 'b' } }))).toBe(false)
    expect(shouldQueryPeers(looking('a', 0, {}, { result: undefined }))).toBe(false)
    expect(shouldQueryPeers(looking('a', 0, {}, { peers: 'asking' }))).toBe(false)
    expect(shouldQueryPeers(looking('a', 0, {}, { peers: { asked: 3, answered: 0 } }))).toBe(false)
  })

  test.each<[SearchState['peers'], string]>([
    [undefined, ''],
    ['asking', 'Asking other peers…'],
    [{ asked: 1, answered: 1 }, '1 peer answered.'],
    [{ asked: 3, answered: 3 }, '3 peers answered.'],
    [{ asked: 5, answered: 3 }, '3 of 5 peers answered.'],
    [{ asked: 2, answered: 0 }, 'No answer from 2 peers.'],
  ])('has a sentence: %j', (peers, sentence) => {
    expect(peersSentence(looking('a', 0, {}, { peers }))).toBe(sentence)
  })
})

describe('hits', () => {
  const hits = (page: number) => Array.from({ length: PAGE_HITS }, (_, n) => ({ id: `${page}/${n}` }) as PackageSummary)
  const query = { text: '' }
  const search: State['search'] = {
    wanted: query,
    answered: query,
    result: undefined,
    pages: { 0: hits(0), 2: hits(2) },
    peers: undefined,
  }

  test('are found by rank across pages', () => {
    expect(hitAt(search, 0)?.id).toBe('0/0')
    expect(hitAt(search, 2 * PAGE_HITS + 3)?.id).toBe('2/3')
    expect(hitAt(search, PAGE_HITS)).toBeUndefined()
    expect(rankOf(search, '2/3')).toBe(2 * PAGE_HITS + 3)
    expect(rankOf(search, '1/3')).toBe(-1)
  })

  test('that are missing are listed by page', () => {
    expect(missingPages(search, 0, PAGE_HITS - 1)).toEqual([])
    expect(missingPages(search, 10, 4 * PAGE_HITS)).toEqual([1, 3, 4])
  })

  test('belong to an older query until the answer arrives', () => {
    expect(isSearching({ search })).toBe(false)
    expect(isSearching({ search: { ...search, wanted: { text: '' } } })).toBe(true)
  })
})

describe('transfers', () => {
  const id = `${'a'.repeat(52)}/hello`
  const transfer = (name: string, change: Partial<TransferView>): TransferView => ({
    id: name,
    specs: [id],
    state: 'fetching',
    bytes: 0,
    totalBytes: 0,
    sources: 0,
    startedAt: 0,
    ...change,
  })
  const transferById = {
    old: transfer('old', { startedAt: 1 }),
    new: transfer('new', { startedAt: 2, specs: ['hello@^1'] }),
    over: transfer('over', { startedAt: 3, state: 'done' }),
    failed: transfer('failed', { startedAt: 4, state: 'failed' }),
    other: transfer('other', { startedAt: 5, specs: [`${id}-world`] }),
  }

  test('that need attention are sorted newest first', () => {
    expect(openTransfers({ transferById }).map((each) => each.id)).toEqual(['other', 'failed', 'new', 'old'])
  })

  test('of a package are found by its id or slug, not by a longer one', () => {
    expect(runningTransfer({ transferById }, id, 'hello')?.id).toBe('new')
    expect(runningTransfer({ transferById }, `${id}-world`, 'hello-world')?.id).toBe('other')
    expect(runningTransfer({ transferById }, 'x/y', 'y')).toBeUndefined()
  })

  test('have a share of at most one once their size is known', () => {
    expect(transferShare(transfer('x', {}))).toBeUndefined()
    expect(transferShare(transfer('x', { bytes: 1, totalBytes: 4 }))).toBe(0.25)
    expect(transferShare(transfer('x', { bytes: 5, totalBytes: 4 }))).toBe(1)
  })
})

test('a relayed transfer states the relay and its limit', () => {
  const transfer: TransferView = {
    id: 't',
    specs: ['a'],
    state: 'fetching',
    bytes: 0,
    totalBytes: 9,
    sources: 1,
    startedAt: 0,
    limit: { reason: 'relayed', bytes: 16_000_000 },
  }
  expect(transferSentence(transfer)).toBe('Downloading from 1 peer through the relay, at most 16 MB per package')
  expect(transferSentence({ ...transfer, sources: 0 })).toMatch(/^Waiting for the first piece through the relay/)
  expect(transferSentence({ ...transfer, limit: undefined })).toBe('Downloading from 1 peer')
})

test('package ages use the later of the two clocks, so a slow device clock makes none look new', () => {
  const day = 86_400_000
  const published = 100 * day
  const behind = { status: statusOf({ clockAheadMs: -3 * day }) }
  expect(formatAgo(published, latestTime(behind, published - day))).toBe('2 days ago')
  expect(latestTime({ status: statusOf({ clockAheadMs: 3 * day }) }, published)).toBe(published)
  expect(latestTime({ status: statusOf({}) }, published)).toBe(published)
  expect(latestTime({ status: undefined }, published)).toBe(published)
})
