import { intlLocale, locale, messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'
import { finite, formatDecimal } from './numbers.ts'

/** Charts in general, and those of the network page. */
export const chartText = messages('charts', {
  title: 'Over time',
  range: 'Time range',
  ranges: choice({ minute: '1 min', quarter: '15 min', hour: '1 h', day: '1 day' }),
  inRange: choice({
    minute: 'in the last minute',
    quarter: 'in the last 15 minutes',
    hour: 'in the last hour',
    day: 'in the last day',
  }),
  inSelection: 'in the selected time',
  pause: 'Pause',
  resume: 'Resume',
  export: 'Export CSV',
  exportHint: 'All samples of the time shown, as CSV',
  exportFailed: 'This chart could not be exported.',

  table: 'Table',
  tableOf: params('{chart}: values'),
  showTable: params('{chart}: show as table'),
  csv: 'CSV',
  saveCsv: params('{chart}: save as CSV'),
  png: 'PNG',
  savePng: params('{chart}: save as PNG'),
  cursor: params('{chart}: time'),
  keys: 'Arrow keys move in time, plus and minus zoom, Escape resets, T shows a table. Drag to zoom.',
  zoomedTo: params('{from} to {to}'),
  resetZoom: 'Reset zoom',

  time: 'Time',
  events: 'Events',
  noData: 'No data yet',
  noValue: '–',
  sentence: params('{chart} {range}: {values}.'),
  sentenceWithCaption: params('{chart} {range}: {values}. {caption}.'),
  sentenceWithoutData: params('{chart} {range}: no data.'),
  valueOf: params('{series} {value}'),
  atTime: params('{time}: {values}'),
  event: choice({
    'relay-connected': 'Relay connected',
    'relay-lost': 'Relay lost',
    'peer-joined': 'Peer joined',
    'peer-left': 'Peer left',
    'peer-banned': 'Peer banned',
    published: 'Published',
    installed: 'Installed',
    'objective-breached': 'Objective breached',
  }),
  eventOf: params('{event}: {subject}'),
  otherEvent: 'Event',
  objective: choice({
    search_p95: 'search p95',
    dht_lookup_p95: 'DHT lookup p95',
    cache_hit_rate: 'cache hit rate',
    install_p95: 'install p95',
  }),

  dht: 'DHT lookup latency',
  cache: 'Cache hit rate by tier',
  gossip: 'Gossip propagation',
  throughput: 'Throughput by protocol',
  reputation: 'Peer reputation',
  connections: 'Connections',
  operations: 'Operations',
  memory: 'Memory',
  lag: 'Event loop lag',

  p50: 'p50',
  p95: 'p95',
  p99: 'p99',
  lookups: 'Lookups',
  noLookups: 'No DHT lookups yet',
  noReads: 'Nothing read yet',
  noAnnouncements: 'No announcements yet',
  lookupsFailed: 'Failed',
  lookupsInRange: count({
    one: '{count} lookup, objective {objective}',
    other: '{count} lookups, objective {objective}',
  }),
  lookupsSoFar: count({ one: '{count} lookup so far', other: '{count} lookups so far' }),
  announcementsCounted: count({ one: '{count} announcement', other: '{count} announcements' }),
  announcementsSoFar: count({ one: '{count} announcement so far', other: '{count} announcements so far' }),
  received: 'Received',

  hot: 'Hot',
  warm: 'Warm',
  cold: 'Cold',
  catalogue: 'Catalogue',
  misses: 'Misses',
  bestPossible: 'Best possible',
  ofBestPossible: params('{share} of the best possible'),
  requestsInLastMinute: 'Share of requests in a minute',

  protocol: choice({
    piece: 'Pieces',
    sync: 'Sync',
    query: 'Query',
    dht: 'DHT',
    gossip: 'Gossip',
    relay: 'Relay',
    other: 'Other',
  }),
  bytesIn: params('↓{bytes}'),
  bytesOut: params('↑{bytes}'),
  throughputNow: params('↓ {in}/s  ↑ {out}/s'),

  averageScore: 'Average',
  bestAndWorst: count({ one: '{count} peer', other: '{count} peers, best and worst' }),

  direct: 'Direct',
  relayed: 'Relayed',
  relays: 'Relays',
  healthy: 'Healthy',
  degraded: 'Degraded',
  unhealthy: 'Unhealthy',
  connectionsNow: count({ one: '{count} connection', other: '{count} connections' }),

  finished: 'Finished',
  failed: 'Failed',
  errorRate: 'Error rate',
  errorRateInRange: params('Per second. Error rate {share}'),
  perSecond: params('{number}/s'),

  workerHeap: 'Worker heap',
  pageHeap: 'Page heap',
  heapUnknown: 'Not reported by this browser',
  longestDelay: 'Longest timer delay',
  longestInRange: params('Longest {duration}'),
})

/** `14:03`, or `14:03:12` where seconds matter. */
export const formatClock = (time: number, withSeconds: boolean): string => {
  const language = intlLocale[locale.get()]
  const key = `${language} ${withSeconds}`
  const known = clocks.get(key)
  const format =
    known ??
    new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      ...(withSeconds ? { second: '2-digit' } : {}),
      hourCycle: 'h23',
    })
  if (known === undefined) clocks.set(key, format)
  return Math.abs(time) <= latest ? format.format(time) : ''
}

/** Latest time that a date can have (ms). */
const latest = 8.64e15

const clocks = new Map<string, Intl.DateTimeFormat>()

/** A share with more digits where it is small, so that 0.4 % does not read as none. */
export const formatShare = (share: number): string => {
  const language = intlLocale[locale.get()]
  const value = Math.min(Math.max(finite(share), 0), 1)
  return new Intl.NumberFormat(language, {
    style: 'percent',
    maximumFractionDigits: value > 0 && value < 0.1 ? 1 : 0,
  }).format(value)
}

export const formatScore = (score: number): string => finite(score).toFixed(2)

export const formatRate = (rate: number): string => {
  const value = finite(rate)
  return chartText.perSecond({ number: value >= 10 || value === 0 ? Math.round(value) : formatDecimal(value) })
}
