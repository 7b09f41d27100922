import { messages } from './catalogue.ts'
import { formatBytes, formatDuration } from './format.ts'
import { choice, count, params } from './forms.ts'
import { formatCount, formatDecimal } from './numbers.ts'
import { tame } from './words.ts'

/** Traces: the list on the network page, and the page of one trace. */
export const tracesText = messages('traces', {
  title: 'Operations',
  about: 'The last 500 operations of this tab, background work included when you choose all kinds.',
  kind: 'Kind',
  commands: 'Commands',
  anyKind: 'All kinds',
  kindName: choice({
    search: 'Search',
    lookup: 'Lookup',
    install: 'Install',
    publish: 'Publish',
    command: 'Other commands',
    background: 'Background work',
  }),
  slow: 'Slow',
  failed: 'Failed',
  pause: 'Pause list',
  resume: 'Resume list',
  list: 'Operations, newest first',
  shown: params('{shown} of {total}'),
  more: 'Show more',
  columnName: 'Operation',
  columnDuration: 'Duration',
  columnAgo: 'Started',
  loading: 'Loading operations…',
  loadingOne: 'Loading the trace…',
  none: 'No operations yet. Search for a package or open one.',
  noCommands: 'No commands yet, only background work. Search for a package or open one.',
  noMatch: 'No operation matches these filters.',
  allKinds: 'Show all operations',
  failedMark: 'Failed',
  slowMark: 'Slow',

  tabTitle: params('{name} in {duration}'),
  tabTitleUnknown: 'Trace',
  back: 'All operations',
  steps: count({ one: '{count} step', other: '{count} steps' }),
  startedAt: params('Started {time}'),
  took: params('Took {duration}'),

  malformedTitle: 'This is not the ID of a trace',
  malformed: 'A trace ID has 32 hexadecimal digits.',
  goneTitle: 'This trace is not here',
  gone: 'The operation may still be running, in which case it appears here when it ends. Otherwise it was too long ago, or before this tab was reloaded: the last 500 traces are kept.',
  failedTitle: 'The trace could not be loaded',
  empty: 'Its steps were not recorded.',

  whySlow: 'Why it was slow',
  whereTime: 'Where the time went',
  mostTime: params('{part} of {whole} ({share}) was spent {doing}.'),
  itself: params('{part} of {whole} ({share}) was spent in the operation itself, outside its recorded steps.'),
  several: count({
    one: 'There was {count} such step, which took {longest}.',
    other: 'There were {count} such steps; the longest took {longest}.',
  }),
  inStep: params('in the step “{step}”'),
  thePeer: 'The peer was',
  slowestPeer: 'The slowest peer was',

  waterfall: 'Steps',
  start: 'Start',
  waterfallHint: 'Arrow keys move between steps, and open and close them.',
  details: 'Details of the step',
  noDetails: 'No details were recorded.',
  after: params('Starts after {start}, takes {duration}'),
  expand: 'Expand all',
  collapse: 'Collapse all',
})

/** What a step does, after “was spent”. Steps without an entry are shown by their name. */
const stepDoing = messages('steps-doing', {
  announce: 'announcing the package to peers',
  bootstrap: 'joining the network',
  check: 'checking the files',
  'count providers': 'counting the peers that have the content',
  dht_peer_query: 'waiting for answers of DHT peers',
  dht_put: 'storing the record in the DHT',
  dht_query: 'in the DHT query itself, between its requests',
  fetch: 'finding the peers that have the content, and arranging its pieces',
  first_direct_peer: 'waiting for the first direct connection',
  gossip_receive: 'handling an announcement',
  lookup: 'looking up the package',
  node_start: 'starting the network node',
  peer_dial: 'connecting to a peer',
  peer_query: 'waiting for answers of peers',
  peer_selection: 'choosing peers',
  piece_serve: 'sending pieces to a peer',
  piece_source: 'waiting for pieces from peers',
  provide: 'announcing this peer as a provider',
  query_serve: 'answering a peer',
  relay_dial: 'connecting to a relay',
  republish_heads: 'renewing records in the DHT',
  republish_providers: 'renewing provider records in the DHT',
  reserve: 'waiting for a reservation at a relay',
  resolve: 'choosing versions',
  search: 'searching',
  store: 'storing the package on this device',
  sync: 'exchanging catalogues with a peer',
  sync_serve: 'exchanging catalogues with a peer',
  verify: 'verifying files',
  verify_records: 'verifying records',
})

/** Names of steps and operations. Those without an entry are shown by their own name. */
const stepName = messages('step-names', {
  announce: 'Announce',
  ban: 'Ban a peer',
  bootstrap: 'Join the network',
  cancel: 'Cancel',
  changeDraft: 'Check a changed package',
  check: 'Check files',
  command: 'Command',
  connect: 'Connect to an address',
  count_providers: 'Count providers',
  describe: 'Read a package',
  dht_peer_query: 'Ask a DHT peer',
  dht_put: 'Store the record in the DHT',
  dht_query: 'DHT query',
  disconnect: 'Disconnect a peer',
  exportZip: 'Export as zip',
  fetch: 'Fetch content',
  first_direct_peer: 'First direct connection',
  gossip_receive: 'Receive an announcement',
  install: 'Install',
  lookup: 'Lookup',
  node_start: 'Start the network node',
  openDraft: 'Open a package to publish',
  peer_query: 'Ask a peer',
  peer_selection: 'Choose peers',
  piece_serve: 'Serve pieces',
  peer_dial: 'Connect to a peer',
  piece_source: 'Pieces from a peer',
  ping: 'Ping a peer',
  planInstall: 'Plan an install',
  planUninstall: 'Plan a removal',
  preview: 'Fetch a preview',
  provide: 'Offer content',
  publish: 'Publish',
  publishDraft: 'Publish',
  query_serve: 'Answer a query',
  readArchive: 'Read an archive',
  readFile: 'Read a file',
  relay_dial: 'Connect to a relay',
  republish_heads: 'Renew records in the DHT',
  republish_providers: 'Renew offers of content',
  reserve: 'Reserve at a relay',
  resolve: 'Choose versions',
  search: 'Search',
  setTelemetry: 'Change telemetry',
  store: 'Store the package',
  sync: 'Exchange catalogues',
  sync_serve: 'Exchange catalogues (asked by a peer)',
  unban: 'Lift a ban',
  uninstall: 'Remove',
  verify: 'Verify files',
  verify_records: 'Verify records',
  yank: 'Yank',
})

/** Names of the attributes of steps. Those without an entry are shown by their own name. */
const attributeName = messages('attribute-names', {
  accepted: 'New records',
  acknowledgements: 'Peers that stored the record',
  age: 'Age of the announcement',
  age_ms: 'Age of the announcement',
  announced_to: 'Peers announced to',
  answered: 'Peers that answered',
  asked: 'Peers asked',
  bytes: 'Bytes',
  bytes_in: 'Bytes received',
  bytes_out: 'Bytes sent',
  candidates: 'Candidates',
  command: 'Command',
  complete: 'Complete',
  count: 'Chosen',
  dialled: 'Dialled',
  dry_run: 'Without publishing',
  entries: 'Entries',
  entries_in: 'Entries received',
  entries_out: 'Entries sent',
  equal: 'Catalogues were equal',
  failure: 'Failure',
  failures: 'Failed attempts before',
  fan_out: 'Peers asked at once',
  files: 'Files',
  filtered: 'Left out',
  findings: 'Findings',
  found: 'Found',
  from: 'Answered from',
  hops: 'Hops',
  identity: 'After a change of identity',
  key: 'Key',
  kind: 'Kind',
  known_peers: 'Known peers',
  ms: 'Time to answer',
  ok: 'Without errors',
  outcome: 'Outcome',
  package: 'Package',
  packages: 'Packages',
  path: 'Path',
  peer: 'Peer',
  peers: 'Peers',
  pieces: 'Pieces',
  protocol: 'Protocol',
  providers: 'Peers that stored the offer',
  purpose: 'Purpose',
  puts: 'Peers it was sent to',
  read_again: 'Files read again',
  refused: 'Refused',
  rejected: 'Refused entries',
  relay: 'Relay',
  relayed: 'Through a relay',
  relays: 'Relays',
  results: 'Results returned',
  resumed: 'Resumed',
  retry: 'Later attempt',
  root: 'Content ID',
  skipped: 'Not needed any more',
  round: 'Attempts before',
  source: 'Source',
  sources: 'Sources',
  status: 'Status',
  steps: 'Steps of the resolver',
  tier: 'Cache tier',
  timed_out: 'Peers that did not answer in time',
  total: 'Results in total',
  transfer: 'Transfer',
  turns: 'Rounds',
  type: 'Type',
  unproven: 'Entries that cannot be verified yet',
  verdict: 'Verdict',
  version: 'Version',
})

const valueText = messages('attribute-values', {
  yes: 'Yes',
  no: 'No',
  find_head: 'Find the head record',
  find_providers: 'Find providers',
  provide: 'Announce as a provider',
  put_head: 'Store the head record',
})

/** Names of operations and steps come from this version or another one, so any text may be one. */
const own = (texts: object, name: string): string | undefined => (texts as Readonly<Record<string, string>>)[name]

/** An operation or step by its name. Total. */
export const sayStep = (name: string): string => own(stepName, name) ?? plain(name)

/** The same for the sentence that begins with “was spent”. */
export const sayDoing = (name: string): string =>
  own(stepDoing, name) ?? tracesText.inStep({ step: own(stepName, name) ?? plain(name) })

export const sayAttribute = (name: string): string => own(attributeName, name) ?? plain(name)

/** Figures with the unit that their name says. */
export const sayAttributeValue = (name: string, value: string | number | boolean): string => {
  if (typeof value === 'boolean') return value ? valueText.yes : valueText.no
  if (typeof value === 'string') {
    if (name === 'purpose') return own(valueText, value) ?? plain(value)
    // Outcomes and the like are written as identifiers.
    return /^[a-z]+(_[a-z]+)+$/.test(value) ? value.replaceAll('_', ' ') : plain(value, maxValueCharacters)
  }
  if (/(^|_)bytes(_|$)/.test(name)) return formatBytes(value)
  if (/(^|_)ms$|^age$/.test(name)) return formatDuration(value)
  return Number.isInteger(value) ? formatCount(value) : formatDecimal(value)
}

/** Longer than any name of this version. */
const maxNameCharacters = 60
const maxValueCharacters = 200

const plain = (text: string, most = maxNameCharacters): string =>
  tame(text.length > most ? `${text.slice(0, most)}…` : text)
