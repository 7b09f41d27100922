import type { CacheView, StatusView, Step, StepState, TransferView } from '../../workers/contract/views.ts'
import type { BrowseQuery } from '../routes.ts'
import { filterKeys } from '../routes.ts'
import { browseText } from '../text/browse.ts'
import { formatBytes, formatList, formatSpan } from '../text/format.ts'
import { networkText } from '../text/network.ts'
import { formatPercent } from '../text/numbers.ts'
import { sayReason } from '../text/reasons.ts'
import { shellText } from '../text/shell.ts'
import { transferText } from '../text/transfers.ts'
import { hasEnded } from './apply-updates.ts'
import { PAGE_HITS, type State } from './state.ts'

/** Views of the state: pure functions, one question each. */

export type Tone = 'ok' | 'working' | 'warning' | 'error'

export interface NetworkLine {
  tone: Tone
  sentence: string
}

/** The network state in one sentence. */
export const networkLine = ({ engine, status }: Pick<State, 'engine' | 'status'>): NetworkLine => {
  if (engine.phase === 'failed') return { tone: 'error', sentence: networkText.notRunning }
  if (engine.phase === 'starting' || status === undefined) return { tone: 'working', sentence: networkText.starting }
  const { steps, directConnections, online } = status
  if (online && directConnections > 0) return { tone: 'ok', sentence: networkText.connectedTo(directConnections) }
  if (online && steps.direct.state === 'failed') return { tone: 'warning', sentence: networkText.noDirectPeers }
  if (online && steps.direct.state === 'working') return { tone: 'working', sentence: networkText.connectingToPeers }
  if (online) return { tone: 'ok', sentence: networkText.alone }
  if (steps.relay.state === 'failed') return { tone: 'warning', sentence: networkText.offline }
  return { tone: 'working', sentence: networkText.connecting }
}

/**
 * The later of this device's clock and the server's, ms: what has come by either is in the past, as it is where the
 * engine judges when a package was published.
 */
export const latestTime = ({ status }: Pick<State, 'status'>, now: number): number =>
  now + Math.max(0, -(status?.clockAheadMs ?? 0))

/** Notice about a clock that seems wrong; undefined while it agrees with the server's. */
export const clockNotice = ({ status }: Pick<State, 'status'>): { title: string; text: string } | undefined => {
  const aheadMs = status?.clockAheadMs
  if (aheadMs === undefined) return undefined
  const span = formatSpan(aheadMs)
  return aheadMs > 0
    ? { title: shellText.clockAheadTitle({ span }), text: shellText.clockAhead }
    : { title: shellText.clockBehindTitle({ span }), text: shellText.clockBehind }
}

export interface StepLine {
  key: keyof StatusView['steps']
  title: string
  state: StepState
  /** When the state last changed. */
  since: number
  /** What the state means. */
  sentence: string
  /** What the person can do; empty when there is nothing to do. */
  next: string
}

/** Every step towards a full peer, in words. */
export const stepLines = (status: StatusView): StepLine[] => [
  stepLine('relay', status, {
    words: (state) =>
      state === 'ok'
        ? networkText.relayOk(status.relays.filter(({ connected }) => connected).length)
        : networkText.relayFailed,
    next: networkText.relayNext,
  }),
  stepLine('reservation', status, { words: networkText.reservation, next: networkText.reservationNext }),
  stepLine('direct', status, {
    words: (state) => (state === 'ok' ? networkText.directOk(status.directConnections) : networkText.directFailed),
    next: status.channelPath === 'none' ? networkText.directNextNoWebRtc : networkText.directNext,
  }),
  stepLine('topic', status, { words: networkText.topic, next: networkText.topicNext }),
  stepLine('catalogue', status, {
    words: (state) => (state === 'ok' ? networkText.catalogueOk(status.catalogueSize) : networkText.catalogueFailed),
    next: networkText.catalogueNext,
  }),
  stepLine('storage', status, { words: networkText.storage, next: networkText.storageNext }),
]

const stepLine = (
  key: keyof StatusView['steps'],
  status: StatusView,
  { words, next }: { words: (state: 'ok' | 'failed') => string; next: string },
): StepLine => {
  const { state, reason, since } = status.steps[key]
  return {
    key,
    title: networkText.step(key),
    state,
    since,
    sentence: stepSentence(state, reason, words),
    next: state === 'failed' ? next : '',
  }
}

/** A failure shows its meaning and its reason; a step under way shows the engine's reason alone. */
const stepSentence = (state: StepState, reason: Step['reason'], words: (state: 'ok' | 'failed') => string): string => {
  if (state === 'ok') return words(state)
  if (state !== 'failed') return reason === undefined ? networkText.stepState(state) : sayReason(reason)
  return reason === undefined
    ? words(state)
    : networkText.stepFailedBecause({ state: words(state), reason: sayReason(reason) })
}

/** What the cache answered in words; the comparison follows once there are enough requests. */
export const lookupLines = ({ hits, kinds, memory }: CacheView): string[] => {
  const places = [
    { number: hits.hot + hits.warm + hits.catalogue, words: networkText.fromMemory },
    { number: hits.cold, words: networkText.fromStorage },
    { number: kinds.package.misses, words: networkText.fromPeers },
    { number: kinds.manifest.misses + kinds.file.misses, words: networkText.notStored },
  ].filter(({ number }) => number > 0)
  if (places.length === 0) return [networkText.noLookups]
  const sum = places.reduce((total, { number }) => total + number, 0)
  const first = networkText.lookupsSum(sum, {
    places: formatList(places.map(({ number, words }) => words({ number }))),
  })
  if (memory.requests < comparableRequests) return [first]
  return [
    first,
    networkText.cache(memory.requests, { share: formatPercent(memory.hitRate), best: formatPercent(memory.best) }),
  ]
}

/** Below this number, first lookups, which no cache can answer, dominate the figure. */
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

/** How many peers answered a remote search, in words; empty before one. */
export const peersSentence = ({ search: { peers } }: Pick<State, 'search'>): string => {
  if (peers === undefined) return ''
  if (peers === 'asking') return browseText.askingPeers
  const { asked, answered } = peers
  if (answered === 0) return browseText.noneAnswered(asked)
  return answered === asked ? browseText.allAnswered(asked) : browseText.someAnswered(asked, { answered })
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
  if (state === 'failed' && bytes > 0 && bytes < totalBytes) return transferText.stopped
  if (state !== 'fetching') return transferText.state(state)
  const fetching = sources === 0 ? transferText.state(state) : transferText.fetchingFrom(sources)
  return limit === undefined
    ? fetching
    : transferText.throughRelay({ state: fetching, limit: formatBytes(limit.bytes) })
}

/** Share that is done, 0 to 1; undefined while the size is not known. */
export const transferShare = ({ bytes, totalBytes }: TransferView): number | undefined =>
  totalBytes === 0 ? undefined : Math.min(bytes / totalBytes, 1)
