import { expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import type { SearchQuery } from '../../../workers/contract/views.ts'
import { entry, holding } from '../../testing/fixtures/library.ts'
import { otherPublisherId, publisherId, summary } from '../../testing/fixtures/packages.ts'
import { engineError, failureText } from '../../testing/fixtures/reasons.ts'
import { long, nothing, some } from '../../testing/fixtures/search.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { field, findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { browseText } from '../../text/browse.ts'
import { counts } from '../../text/counts.ts'

const finds = { search: async () => some }
const findsNothing = { search: async () => nothing }

/** Other peers answer a remote search with this. */
const withPeers = (peers: { asked: number; answered: number } | 'asking') => ({
  search: async ({ remote }: SearchQuery) =>
    remote !== true ? nothing : peers === 'asking' ? new Promise<never>(() => {}) : { ...nothing, peers },
})

testViewStates([
  { name: 'the engine starts', address: '/', state: { engine: { phase: 'starting' } }, shows: browseText.loading },
  { name: 'the first search runs', address: '/', shows: browseText.loading },
  { name: 'results', address: '/', answers: finds, shows: counts.packages(3) },
  {
    name: 'results of which some are installed',
    address: '/',
    state: { library: holding(entry('kit'), entry('core', { version: '1.0.0' })) },
    answers: finds,
    shows: browseText.installedVersion({ version: '1.0.0' }),
  },
  {
    name: 'active filters',
    address: `/?q=kit&category=backend&tag=rust&licence=MIT&publisher=${otherPublisherId}&sort=name`,
    answers: finds,
    shows: browseText.clearAll,
  },
  {
    name: 'a row whose page of hits is on its way',
    address: '/',
    answers: {
      search: async ({ offset = 0 }) =>
        offset === 0
          ? { ...some, total: 51, hits: Array.from({ length: 50 }, (_, at) => summary(`p${at}`)) }
          : new Promise(() => {}),
    },
    shows: counts.packages(51),
  },
  {
    name: 'texts of the greatest length',
    address: `/?category=${'C'.repeat(50)}`,
    answers: { search: async () => long },
    shows: browseText.found(1),
  },
  {
    name: 'no matches',
    address: '/?q=nothing',
    state: { catalogue: { revision: 1, size: 3 }, status: statuses.direct },
    answers: findsNothing,
    shows: browseText.noMatchTitle,
  },
  {
    name: 'an empty catalogue while connecting',
    address: '/',
    state: { status: statuses.starting },
    answers: findsNothing,
    shows: browseText.connectingTitle,
  },
  {
    name: 'an empty catalogue offline',
    address: '/',
    state: { status: statuses.offline },
    answers: findsNothing,
    shows: browseText.offlineTitle,
  },
  {
    name: 'an empty catalogue without other peers',
    address: '/',
    state: { status: statuses.alone },
    answers: findsNothing,
    shows: browseText.nobodyTitle,
  },
  {
    name: 'a failed search',
    address: '/',
    answers: { search: async () => Promise.reject(engineError('Timeout')) },
    shows: failureText('Timeout'),
  },
  {
    name: 'other peers are asked',
    address: '/?q=kit',
    state: { status: statuses.connecting },
    answers: withPeers('asking'),
    shows: browseText.askingPeers,
  },
  {
    name: 'some of the peers answered',
    address: '/?q=kit',
    state: { status: statuses.connecting },
    answers: withPeers({ asked: 3, answered: 2 }),
    shows: browseText.someAnswered(3, { answered: 2 }),
  },
  {
    name: 'none of the peers answered',
    address: '/?q=kit',
    state: { status: statuses.connecting },
    answers: withPeers({ asked: 3, answered: 0 }),
    shows: browseText.noneAnswered(3),
  },
])

/** A search without text: the newest first. */
const all = { text: '', sort: 'updated', offset: 0, limit: 50 }

const searches = () => vi.fn(async (_query: SearchQuery) => some)

test('typing searches at once, and the address follows', async () => {
  const search = searches()
  const page = await openState({ address: '/', answers: { search }, shows: counts.packages(3) })
  await userEvent.fill(field(browseText.search), ' kit ')
  await untilShown(browseText.found(3))
  expect(search.mock.calls).toEqual([[all], [{ ...all, text: 'kit', sort: 'relevance' }]])
  await until('the address has it', () => page.address() === '/?q=+kit+')
  expect(document.title).toContain('kit')
  await press(browseText.clearSearch)
  await until('the address has nothing', () => page.address() === '/')
  expect(search.mock.lastCall).toEqual([all])
})

test('a filter is set and taken back where it is chosen', async () => {
  const search = searches()
  const page = await openState({ address: '/', answers: { search }, shows: counts.packages(3) })
  await press('backend 1,204')
  await until('the address has it', () => page.address() === '/?category=backend')
  await until('it is searched for', () => search.mock.lastCall?.[0].category === 'backend')
  expect(findControl('backend 1,204')?.getAttribute('aria-pressed')).toBe('true')
  await press('backend 1,204')
  await until('the address has nothing', () => page.address() === '/')
  await until('all are searched for', () => search.mock.lastCall?.[0].category === undefined)
})

test('active filters are removed one by one, or all together', async () => {
  const address = `/?q=kit&tag=rust&licence=MIT&publisher=${publisherId}&sort=name`
  const search = searches()
  const page = await openState({ address, answers: { search }, shows: browseText.clearAll })
  expect(search.mock.calls).toEqual([
    [{ text: 'kit', tag: 'rust', license: 'MIT', publisher: publisherId, sort: 'name', offset: 0, limit: 50 }],
  ])
  await press(browseText.removeFilter({ filter: browseText.filter('license'), value: 'MIT' }))
  await until('it is gone', () => page.address() === `/?q=kit&tag=rust&publisher=${publisherId}&sort=name`)
  await press(browseText.clearAll)
  await until('only the order is left', () => page.address() === '/?sort=name')
})

test('the order is chosen', async () => {
  const search = searches()
  const page = await openState({ address: '/', answers: { search }, shows: counts.packages(3) })
  const order = findControl(browseText.sortBy)
  if (order === undefined) throw new Error('The sort order control is missing.')
  await userEvent.selectOptions(order, 'name')
  await until('the address has it', () => page.address() === '/?sort=name')
  await until('it is searched for', () => search.mock.lastCall?.[0].sort === 'name')
})

test('more values of a filter are shown on request', async () => {
  await openState({ address: '/', answers: { search: searches() }, shows: counts.packages(3) })
  expect(findControl('tag-8 1')).toBeUndefined()
  await press(browseText.showAll({ number: 9 }))
  await until('all are shown', () => findControl('tag-8 1') !== undefined)
  await press(browseText.showFewer)
  await until('few are shown', () => findControl('tag-8 1') === undefined)
})

test('scrolling asks for the hits that come into view, once', async () => {
  const search = vi.fn(async ({ offset = 0 }: SearchQuery) => ({
    ...some,
    total: 200,
    hits: Array.from({ length: 50 }, (_, at) => summary(`p${offset + at}`)),
  }))
  await openState({ address: '/', answers: { search }, shows: counts.packages(200) })
  window.scrollTo(0, document.documentElement.scrollHeight)
  await untilShown('p199')
  expect(search.mock.calls.map(([{ offset }]) => offset)).toEqual([0, 150])
  window.scrollTo(0, 0)
})

test('other peers are asked for what is typed, and no longer when it changes', async () => {
  const search = vi.fn(withPeers('asking').search)
  const cancel = vi.fn(async () => {})
  const state = { status: statuses.connecting }
  await openState({ address: '/?q=kit', state, answers: { search, cancel }, shows: browseText.askingPeers })
  const remote = search.mock.calls.flat().find((query) => query.remote)
  expect(remote).toEqual({
    ...all,
    text: 'kit',
    sort: 'relevance',
    limit: 0,
    remote: true,
    searchId: expect.any(String),
  })
  await userEvent.fill(field(browseText.search), 'web')
  await until('they are no longer asked', () => cancel.mock.calls.length === 1)
  expect(cancel.mock.calls).toEqual([[remote?.searchId]])
})

test('the slash key focuses the search, from other pages too, and Escape clears it', async () => {
  const page = await openState({ address: '/network', answers: { search: searches() }, shows: 'Network' })
  await userEvent.keyboard('/')
  await until('the search has the focus', () => document.activeElement === findControl(browseText.search))
  expect(page.address()).toBe('/')
  await userEvent.keyboard('a/b')
  expect(field(browseText.search).value).toBe('a/b')
  await userEvent.keyboard('{Escape}')
  expect(field(browseText.search).value).toBe('')
})

test('the keyboard reaches every control in order', async () => {
  await openState({ address: '/?q=kit&tag=rust', answers: { search: searches() }, shows: browseText.found(3) })
  await expectTabOrder()
})
