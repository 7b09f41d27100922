import { messages } from './catalogue.ts'
import { formatBytes, formatDuration } from './format.ts'
import { choice, count, params } from './forms.ts'
import { formatCount, formatDecimal } from './numbers.ts'
import { tame } from './words.ts'

/** Traces: the list on the network page, and the page of one trace. */
export const tracesText = messages('traces', {
  title: 'Operations',
  about: 'The last 500 operations of this tab. The longer the bar, the longer it took, on a logarithmic scale.',
  kind: 'Kind',
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
  pause: 'Pause',
  resume: 'Resume',
  list: 'Operations, newest first',
  shown: params('{shown} of {total}'),
  more: 'Show more',
  loading: 'Loading operations…',
  loadingOne: 'Loading the trace…',
  none: 'No operations yet. Search for a package or open one.',
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
  dht_peer_query: 'waiting for answers of DHT peers',
  dht_put: 'storing the record in the DHT',
  dht_query: 'choosing which DHT peers to ask',
  fetch: 'finding the peers that have the content, and arranging its pieces',
  first_direct_peer: 'waiting for the first direct connection',
  gossip_receive: 'handling an announcement',
  lookup: 'looking up the package',
  peer_selection: 'choosing peers',
  piece_source: 'waiting for pieces from peers',
  relay_dial: 'connecting to a relay',
  reserve: 'waiting for a reservation at a relay',
  resolve: 'choosing versions',
  search: 'searching',
  store: 'storing the package on this device',
  sync: 'exchanging catalogues with a peer',
  verify: 'verifying files',
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
  openDraft: 'Open a package to publish',
  peer_selection: 'Choose peers',
  piece_source: 'Pieces from a peer',
  ping: 'Ping a peer',
  planInstall: 'Plan an install',
  planUninstall: 'Plan a removal',
  preview: 'Fetch a preview',
  publish: 'Publish',
  publishDraft: 'Publish',
  readArchive: 'Read an archive',
  readFile: 'Read a file',
  relay_dial: 'Connect to a relay',
  reserve: 'Reserve at a relay',
  resolve: 'Choose versions',
  search: 'Search',
  setTelemetry: 'Change telemetry',
  store: 'Store the package',
  sync: 'Exchange catalogues',
  unban: 'Lift a ban',
  uninstall: 'Remove',
  verify: 'Verify files',
  yank: 'Yank',
})

/** Names of the attributes of steps. Those without an entry are shown by their own name. */
const attributeName = messages('attribute-names', {
  acknowledgements: 'Peers that stored the record',
  age: 'Age of the announcement',
  age_ms: 'Age of the announcement',
  announced_to: 'Peers announced to',
  answered: 'Peers that answered',
  asked: 'Peers asked',
  bytes: 'Bytes',
  bytes_in: 'Bytes received',
  bytes_out: 'Bytes sent',
  command: 'Command',
  count: 'Candidates',
  entries_in: 'Entries received',
  entries_out: 'Entries sent',
  failure: 'Failure',
  fan_out: 'Peers asked at once',
  files: 'Files',
  filtered: 'Left out',
  found: 'Found',
  from: 'Answered from',
  hops: 'Hops',
  key: 'Key',
  kind: 'Kind',
  ms: 'Time to answer',
  outcome: 'Outcome',
  package: 'Package',
  packages: 'Packages',
  path: 'Path',
  peer: 'Peer',
  peers: 'Peers',
  pieces: 'Pieces',
  protocol: 'Protocol',
  relay: 'Relay',
  results: 'Results returned',
  root: 'Content ID',
  source: 'Source',
  sources: 'Sources',
  steps: 'Steps of the resolver',
  tier: 'Cache tier',
  timed_out: 'Peers that did not answer in time',
  total: 'Results in total',
  turns: 'Rounds',
  verdict: 'Verdict',
  version: 'Version',
})

const attributeText = messages('attribute-values', { yes: 'Yes', no: 'No' })

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
  if (typeof value === 'boolean') return value ? attributeText.yes : attributeText.no
  if (typeof value === 'string') return plain(value)
  if (/(^|_)bytes(_|$)/.test(name)) return formatBytes(value)
  if (/(^|_)ms$|^age$/.test(name)) return formatDuration(value)
  return Number.isInteger(value) ? formatCount(value) : formatDecimal(value)
}

const maxCharacters = 200

const plain = (text: string): string => tame(text.slice(0, maxCharacters))
