import { caches, peers, statuses } from '../../testing/fixtures/status.ts'
import { testViewStates } from '../../testing/view-states.ts'
import { networkText } from '../../text/network.ts'

testViewStates([
  {
    name: 'before the engine is up',
    address: '/network',
    state: { engine: { phase: 'starting' } },
    shows: networkText.starting,
  },
  ...Object.entries(statuses).map(([name, status]) => ({
    name,
    address: '/network',
    state: { status },
    shows: networkText.connectTitle,
  })),
  {
    name: 'peers',
    address: '/network',
    state: { status: statuses.direct, peers, cache: caches.many },
    answers: { peers: async () => peers },
    shows: networkText.lookups,
  },
])
