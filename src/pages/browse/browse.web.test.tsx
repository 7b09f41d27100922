import { entry, holding } from '../../testing/fixtures/library.ts'
import { otherPublisherId, summary } from '../../testing/fixtures/packages.ts'
import { engineError, failureText } from '../../testing/fixtures/reasons.ts'
import { long, nothing, some } from '../../testing/fixtures/search.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { testViewStates } from '../../testing/view-states.ts'
import { browseText } from '../../text/browse.ts'
import { counts } from '../../text/counts.ts'

const finds = { search: async () => some }
const findsNothing = { search: async () => nothing }

/** Other peers answer a remote search with this. */
const withPeers = (peers: { asked: number; answered: number } | 'asking') => ({
  search: async ({ remote }: { remote?: boolean }) =>
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
