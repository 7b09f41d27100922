import type { CacheView, StatusView, StepState, TransferView } from '../../workers/contract/views.ts'
import { formatBytes, formatCount, formatPercent, formatSpan, inWords, plural } from '../lib/format.ts'
import type { BrowseQuery } from '../routes.ts'
import { filterKeys } from '../routes.ts'
import { sayReason } from '../text/reasons.ts'
import { hasEnded } from './apply-updates.ts'
import { PAGE_HITS, type State } from './state.ts'

/** What can be seen from the state: pure functions, each of one question. */

export type Tone = 'ok' | 'working' | 'warning' | 'error'

export interface NetworkLine {
  tone: Tone
  sentence: string
}

/** The network in one calm sentence. */
export const networkLine = ({ engine, status }: Pick<State, 'engine' | 'status'>): NetworkLine => {
  if (engine.phase === 'failed') return { tone: 'error', sentence: 'Not running' }
  if (engine.phase === 'starting' || status === undefined) return { tone: 'working', sentence: 'Starting…' }
  const { steps, directConnections, online } = status
  if (online && directConnections > 0)
    return { tone: 'ok', sentence: `Connected to ${plural(directConnections, 'peer')}` }
  if (online && steps.direct.state === 'failed') return { tone: 'warning', sentence: 'Online, but no direct peers' }
  if (online && steps.direct.state === 'working') return { tone: 'working', sentence: 'Online, connecting to peers' }
  if (online) return { tone: 'ok', sentence: 'Online, no other peers yet' }
  if (steps.relay.state === 'failed') return { tone: 'warning', sentence: 'Offline: you see what is stored here' }
  return { tone: 'working', sentence: 'Connecting…' }
}

/**
 * The later of this device's clock and the server's, ms: what has come by either is in the past, as it is where the
 * engine judges when a package was published.
 */
export const latestTime = ({ status }: Pick<State, 'status'>, now: number): number =>
  now + Math.max(0, -(status?.clockAheadMs ?? 0))

/** What is said of a clock that seems wrong, and what to do about it; undefined while nothing is known against it. */
export const clockNotice = ({ status }: Pick<State, 'status'>): { title: string; text: string } | undefined => {
  const aheadMs = status?.clockAheadMs
  if (aheadMs === undefined) return undefined
  const way = aheadMs > 0 ? 'ahead of' : 'behind'
  return {
    title: `The clock of this device seems wrong: it is about ${formatSpan(aheadMs)} ${way} the server of this page`,
    text: `Everything works all the same, but what you publish carries the wrong date: others ${
      aheadMs > 0 ? 'list it last until that date has come' : 'take it for older than it is'
    }. Set the date and time of this device. If they are right, the server’s clock is wrong, and there is nothing to do here.`,
  }
}

export interface StepLine {
  key: keyof StatusView['steps']
  title: string
  state: StepState
  /** When it came into this state. */
  since: number
  /** What is so. */
  sentence: string
  /** What the person can do about it; empty when there is nothing to do. */
  next: string
}

/** Every step towards being a full peer, in words. */
export const stepLines = (status: StatusView): StepLine[] => [
  stepLine('relay', 'Relay', status, {
    ok: `Connected to ${plural(status.relays.filter(({ connected }) => connected).length, 'relay')}.`,
    working: 'Looking for a relay.',
    waiting: 'No relay has been tried yet.',
    failed: 'No relay can be reached. What is stored here still works.',
    next: 'Check your internet connection. A relay of your own can be given with ?relay= in the address.',
  }),
  stepLine('reservation', 'Being reachable', status, {
    ok: 'Other peers can reach this tab through the relay.',
    working: 'Asking the relay for a place.',
    waiting: 'This comes after a relay is connected.',
    failed: 'The relay gave no place, so other peers cannot find this tab. You can still reach them.',
    next: 'The relay may be full. It is asked again by itself.',
  }),
  stepLine('direct', 'Direct peers', status, {
    ok: `Connected directly to ${plural(status.directConnections, 'peer')}.`,
    working: 'Connecting directly to other peers.',
    waiting: 'No other peers are here yet.',
    failed: 'No direct connection could be made, so packages come through the relay: slowly, and up to 16 MB each.',
    next:
      status.channelPath === 'none'
        ? 'This browser has no WebRTC, or it is switched off. Allow it, or use another browser.'
        : 'A strict firewall, a VPN or an extension that blocks WebRTC can be the reason. Try another network.',
  }),
  stepLine('topic', 'News', status, {
    ok: 'New packages show up here as they are published.',
    working: 'Joining those who pass news of packages on.',
    waiting: 'This comes after a peer is connected.',
    failed: 'News of packages do not come here.',
    next: 'It is tried again by itself.',
  }),
  stepLine('catalogue', 'Catalogue', status, {
    ok: `${plural(status.catalogueSize, 'package is', 'packages are')} known here.`,
    working: 'Fetching what other peers know.',
    waiting: 'This comes after a peer is connected.',
    failed: 'The catalogue could not be fetched. What is stored here still works.',
    next: 'It is tried again with the next peer.',
  }),
  stepLine('storage', 'Storage', status, {
    ok: 'What you install and publish is kept in this browser.',
    working: 'Opening storage.',
    waiting: 'Opening storage.',
    failed: 'This browser allows no storage. All works, but nothing is kept when the tab is closed.',
    next: 'A private window refuses storage: open the page in a normal one.',
  }),
]

const stepLine = (
  key: keyof StatusView['steps'],
  title: string,
  status: StatusView,
  words: Record<StepState, string> & { next: string },
): StepLine => {
  const { state, reason, since } = status.steps[key]
  // A failure says what it means and why; before that the reason is enough.
  const sentence =
    reason === undefined || state === 'ok'
      ? words[state]
      : state === 'failed'
        ? `${words[state]} ${sayReason(reason)}`
        : sayReason(reason)
  return { key, title, state, since, sentence, next: state === 'failed' ? words.next : '' }
}

/** How packages that were looked up were found, in words; the second sentence is there once there is enough to compare. */
export const lookupLines = ({ hits, misses, memory }: CacheView): string[] => {
  const inMemory = hits.hot + hits.warm + hits.catalogue
  const places = [
    { count: inMemory, words: 'found in memory' },
    { count: hits.cold, words: 'found in this browser’s storage' },
    { count: misses, words: 'asked of other peers' },
  ].filter(({ count }) => count > 0)
  if (places.length === 0) return ['No package was looked up yet.']
  const sum = inMemory + hits.cold + misses
  const first = `${plural(sum, 'lookup')}: ${inWords(places.map(({ count, words }) => `${formatCount(count)} ${words}`))}.`
  if (memory.requests < comparableRequests) return [first]
  return [
    first,
    `Of the last ${formatCount(memory.requests)}, the cache in memory answered ${formatPercent(memory.hitRate)}; the best possible with its size is ${formatPercent(memory.best)}.`,
  ]
}

/** With fewer lookups than this the first ones, which no cache can answer, are most of the figure. */
const comparableRequests = 20

/** Why the list of the browse page is empty; undefined when it is not, or not known yet. */
export type EmptyReason = 'no-match' | 'connecting' | 'offline' | 'nobody'

export const emptyReason = (
  state: Pick<State, 'search' | 'catalogue' | 'status' | 'engine'>,
): EmptyReason | undefined => {
  const { search, catalogue, status } = state
  if (search.result === undefined || search.result.total > 0) return undefined
  if (catalogue.size > 0) return search.answered !== undefined && isNarrowed(search.answered) ? 'no-match' : undefined
  if (status === undefined) return 'connecting'
  if (status.online) return reasonOnline(search)
  return status.steps.relay.state === 'failed' ? 'offline' : 'connecting'
}

/** An empty catalogue is to blame for an empty list, until others were asked for the same. */
const reasonOnline = ({ peers, answered }: State['search']): EmptyReason => {
  if (peers === 'asking') return 'connecting'
  return peers !== undefined && peers.answered > 0 && answered !== undefined && isNarrowed(answered)
    ? 'no-match'
    : 'nobody'
}

export const isNarrowed = (query: BrowseQuery): boolean =>
  query.text.trim() !== '' || filterKeys.some((key) => query[key] !== undefined)

/**
 * Whether other peers may know more of what is looked for than is shown: until a whole exchange of catalogues has ended
 * well, they may, and after that they may where nothing was found here. A list that nobody has narrowed, with something
 * in it, is left to the exchange. Asked once.
 */
export const isWorthAsking = ({ search, status }: Pick<State, 'search' | 'status'>): boolean => {
  const { wanted, answered, result, peers } = search
  if (status === undefined || status.searchablePeers === 0) return false
  if (wanted === undefined || wanted !== answered || result === undefined || peers !== undefined) return false
  const narrowed = isNarrowed(wanted)
  return result.total === 0 ? narrowed || !status.catalogueComplete : narrowed && !status.catalogueComplete
}

/** Who was asked beside this tab's own catalogue, in words; empty where nobody was. */
export const peersSentence = ({ search: { peers } }: Pick<State, 'search'>): string => {
  if (peers === undefined) return ''
  if (peers === 'asking') return 'Asking other peers, too…'
  const { asked, answered } = peers
  const whom = `Asked ${plural(asked, 'other peer')}`
  if (answered === 0) return `${whom}; no answer came.`
  return answered === asked ? `${whom}; ${asked === 1 ? 'it' : 'all'} answered.` : `${whom}; ${answered} answered.`
}

/** Whether what is shown answers something older than what is wanted. */
export const isSearching = ({ search }: Pick<State, 'search'>): boolean => search.wanted !== search.answered

export const hitAt = ({ pages }: State['search'], rank: number) =>
  pages[Math.floor(rank / PAGE_HITS)]?.[rank % PAGE_HITS]

/** The rank of a package among the hits that are here; -1 when it is not. */
export const rankOf = ({ pages }: State['search'], id: string): number => {
  for (const [page, hits] of Object.entries(pages)) {
    const at = hits.findIndex((hit) => hit.id === id)
    if (at >= 0) return Number(page) * PAGE_HITS + at
  }
  return -1
}

/** Pages of hits between two ranks that nobody asked for yet. */
export const missingPages = ({ pages }: State['search'], first: number, last: number): number[] => {
  const missing: number[] = []
  for (let page = Math.floor(first / PAGE_HITS); page <= Math.floor(last / PAGE_HITS); page += 1) {
    if (pages[page] === undefined) missing.push(page)
  }
  return missing
}

const newestFirst = (a: TransferView, b: TransferView): number => b.startedAt - a.startedAt

/** Transfers that run or need a decision. */
export const openTransfers = ({ transferById }: Pick<State, 'transferById'>): TransferView[] =>
  Object.values(transferById)
    .filter(({ state }) => state !== 'done' && state !== 'cancelled')
    .sort(newestFirst)

/** The newest transfer that concerns a package, while it runs. */
export const runningTransfer = (
  { transferById }: Pick<State, 'transferById'>,
  id: string,
  slug: string,
): TransferView | undefined =>
  Object.values(transferById)
    .filter(({ state, specs }) => !hasEnded(state) && specs.some((spec) => concerns(spec, id, slug)))
    .sort(newestFirst)[0]

const concerns = (spec: string, id: string, slug: string): boolean =>
  [id, slug].some((name) => spec === name || spec.startsWith(`${name}@`))

/** A transfer in words. */
export const transferSentence = ({ state, sources, bytes, totalBytes, limit }: TransferView): string => {
  const path = limit === undefined ? '' : ` through the relay, limited to ${formatBytes(limit.bytes)} a package`
  switch (state) {
    case 'resolving':
      return 'Working out what is needed'
    case 'finding':
      return 'Looking for peers that have it'
    case 'fetching':
      return sources === 0 ? `Waiting for the first piece${path}` : `Fetching from ${plural(sources, 'peer')}${path}`
    case 'verifying':
      return 'Checking every file'
    case 'done':
      return 'Installed'
    case 'failed':
      return bytes > 0 && bytes < totalBytes ? 'Stopped; what arrived is kept' : 'Not installed'
    case 'cancelled':
      return 'Cancelled; what arrived is kept'
  }
}

/** Share that is done, 0 to 1; undefined while the size is not known. */
export const transferShare = ({ bytes, totalBytes }: TransferView): number | undefined =>
  totalBytes === 0 ? undefined : Math.min(bytes / totalBytes, 1)
