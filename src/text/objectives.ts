import type { ObjectiveState } from '../../workers/contract/telemetry-views.ts'
import { messages } from './catalogue.ts'
import { choice, params } from './forms.ts'

/** The tiles of the service level objectives. */
export const objectivesText = messages('objectives', {
  title: 'Service level objectives',
  lastHour: 'last hour',
  name: choice({
    search_p95: 'Search',
    dht_lookup_p95: 'DHT lookup',
    cache_hit_rate: 'Cache hit rate',
    install_p95: 'Install',
  }),
  what: choice({
    search_p95: 'p95 of searches',
    dht_lookup_p95: 'p95 of DHT lookups',
    cache_hit_rate: 'Reads without a peer',
    install_p95: 'p95 of installs',
  }),
  state: choice({ ok: 'Met', 'at risk': 'At risk', breached: 'Missed', 'no data': 'Collecting' }),
  noValue: 'No data yet',
  unknown: '–',
  target: 'Target',
  atMost: params('≤ {target}'),
  atLeast: params('≥ {target}'),
  burn: 'Burn rate',
  burnHint:
    'Share of requests beyond the target, divided by the share that the objective allows. Above 1, the target is missed.',
  times: params('{rate}×'),
  requests: 'Requests',
  ofMinimum: params('{count} of {minimum}'),
  measured: params('{count}'),
  sinceStart: 'Since start',
  spark: params('{name} in the last hour'),
  slowTraces: choice({
    search_p95: 'Slow searches',
    dht_lookup_p95: 'Slow lookups',
    cache_hit_rate: 'All lookups',
    install_p95: 'Slow installs',
  }),
})

/** Before the engine has answered, there is no data either. */
export const sayState = (state: ObjectiveState | undefined): string => objectivesText.state(state ?? 'no data')
