import { messages } from './catalogue.ts'
import { choice, params } from './forms.ts'

/** The tiles of the service level objectives. */
export const objectivesText = messages('objectives', {
  title: 'Service level objectives',
  lastHour: 'over the last hour',
  name: choice({
    search_p95: 'Search',
    dht_lookup_p95: 'DHT lookup',
    cache_hit_rate: 'Cache hit rate',
    install_p95: 'Install',
  }),
  what: choice({
    search_p95: '95% of searches took at most this',
    dht_lookup_p95: '95% of lookups took at most this',
    cache_hit_rate: 'of reads needed no other peer',
    install_p95: '95% of installs took at most this',
  }),
  state: choice({ ok: 'Met', 'at risk': 'At risk', breached: 'Missed', 'no data': 'Too few yet' }),
  noValue: 'None yet',
  unknown: '–',
  target: 'Target',
  atMost: params('≤ {target}'),
  atLeast: params('≥ {target}'),
  burn: 'Burn rate',
  burnHint:
    'Share of requests beyond the target, divided by the share that the objective allows. Above 1, the target is missed.',
  times: params('{rate}×'),
  requests: 'Requests',
  ofMinimum: params('{count} of {minimum} needed'),
  measured: params('{count}'),
  sinceStart: 'Since the start',
  spark: params('{name} in the last hour'),
  slowTraces: choice({
    search_p95: 'Slow searches',
    dht_lookup_p95: 'Slow lookups',
    cache_hit_rate: 'All lookups',
    install_p95: 'Slow installs',
  }),
})
