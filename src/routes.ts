import type { SortOrder } from '../workers/contract/views.ts'

/**
 * The addresses of the page; nothing else builds or parses them.
 *
 * Every link keeps `peer` and `relay`: they select the profile of this tab, and a reload without them would silently
 * switch to another identity.
 */

/** State of the browse page; absent fields are unfiltered. */
export interface BrowseQuery {
  text: string
  category?: string
  tag?: string
  license?: string
  publisher?: string
  sort?: SortOrder
}

export const packageTabs = ['readme', 'files', 'versions', 'dependencies'] as const
export type PackageTab = (typeof packageTabs)[number]

export interface PackageQuery {
  tab: PackageTab
  /** Path of the file that is open in the viewer. */
  file?: string
}

export const traceKinds = ['search', 'lookup', 'install', 'publish', 'command', 'background'] as const
export type TraceKind = (typeof traceKinds)[number]

const traceFilterKinds = ['all', ...traceKinds] as const

/** Which operations the network page lists. */
export interface TraceFilter {
  /** Undefined: all that were asked for, without background work. */
  kind?: TraceKind | 'all'
  slow?: boolean
  failed?: boolean
}

export const routePatterns = {
  browse: '/',
  package: '/package/:publisher/:slug',
  publish: '/publish',
  library: '/library',
  network: '/network',
  peer: '/network/peers/:id',
  trace: '/network/traces/:id',
} as const

export interface Links {
  browse(query?: Partial<BrowseQuery>): string
  /** `id` is a full package id. */
  package(id: string, query?: Partial<PackageQuery>): string
  publish(): string
  library(): string
  /** With a filter: the operations on it. */
  network(operations?: TraceFilter): string
  /** A connected or known peer. */
  peer(peerId: string): string
  trace(traceId: string): string
  /** Another profile in the same browser, with the same relays; needs a whole page load. */
  profile(name: string): string
}

export const createLinks = (search: string): Links => {
  const kept = keptParameters(search)
  const to = (path: string, own: readonly (readonly [string, string | undefined])[] = [], others = kept): string => {
    const parameters = new URLSearchParams()
    for (const [name, value] of own) if (value !== undefined && value !== '') parameters.append(name, value)
    for (const [name, value] of others) parameters.append(name, value)
    const text = parameters.toString()
    return text === '' ? path : `${path}?${text}`
  }
  return {
    browse: (query = {}) =>
      to(
        routePatterns.browse,
        browseKeys.map(([key, name]) => [name, query[key]] as const),
      ),
    package: (id, { tab, file } = {}) =>
      to(`/package/${id}`, [
        ['tab', tab === 'readme' ? undefined : tab],
        ['file', file],
      ]),
    publish: () => to(routePatterns.publish),
    library: () => to(routePatterns.library),
    network: ({ kind, slow = false, failed = false } = {}) =>
      to(routePatterns.network, [
        ['operations', kind],
        ['slow', slow ? 'yes' : undefined],
        ['failed', failed ? 'yes' : undefined],
      ]),
    peer: (peerId) => to(`/network/peers/${encodeURIComponent(peerId.toWellFormed())}`),
    trace: (traceId) => to(`/network/traces/${encodeURIComponent(traceId.toWellFormed())}`),
    profile: (name) =>
      to(routePatterns.browse, [], [['peer', name], ...kept.filter(([parameter]) => parameter !== 'peer')]),
  }
}

export const parseBrowseQuery = (search: string): BrowseQuery => {
  const parameters = new URLSearchParams(search)
  const query: BrowseQuery = { text: parameters.get('q') ?? '' }
  for (const key of filterKeys) {
    const value = parameters.get(parameterByKey[key])
    if (value !== null && value !== '') query[key] = value
  }
  const sort = parameters.get('sort')
  if (isSortOrder(sort)) query.sort = sort
  return query
}

export const parsePackageQuery = (search: string): PackageQuery => {
  const parameters = new URLSearchParams(search)
  const tab = parameters.get('tab')
  const file = parameters.get('file')
  return {
    tab: packageTabs.find((each) => each === tab) ?? 'readme',
    ...(file === null || file === '' ? {} : { file }),
  }
}

export const parseTraceFilter = (search: string): TraceFilter => {
  const parameters = new URLSearchParams(search)
  const kind = traceFilterKinds.find((each) => each === parameters.get('operations'))
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(parameters.get('slow') === 'yes' ? { slow: true } : {}),
    ...(parameters.get('failed') === 'yes' ? { failed: true } : {}),
  }
}

/** Profile, relays and rooms to log from the address. */
export const parseProfile = (
  search: string,
): { profile: string | undefined; relays: string[]; debug: string | undefined } => {
  const parameters = new URLSearchParams(search)
  const name = parameters.get('peer')?.trim()
  return {
    profile: name === undefined || name === '' ? undefined : name,
    relays: parameters.getAll('relay').filter((address) => address !== ''),
    debug: parameters.get('debug')?.trim() || undefined,
  }
}

/** Suggested name for another profile: `second`, then counting up. */
export const nextProfile = (current: string | undefined): string => {
  const counted = /^(?<stem>.*?)-(?<count>\d{1,6})$/.exec(current ?? '')?.groups
  if (current === undefined || current === 'default') return 'second'
  return counted === undefined ? `${current}-2` : `${counted['stem']}-${Number(counted['count']) + 1}`
}

export const filterKeys = ['category', 'tag', 'license', 'publisher'] as const
export type FilterKey = (typeof filterKeys)[number]

/** The address uses the page's spelling, “licence”. */
const parameterByKey = { category: 'category', tag: 'tag', license: 'licence', publisher: 'publisher' } as const

const browseKeys = [
  ['text', 'q'],
  ...filterKeys.map((key) => [key, parameterByKey[key]] as const),
  ['sort', 'sort'],
] as const

export const sortOrders: readonly SortOrder[] = ['relevance', 'updated', 'name']

export const isSortOrder = (value: string | null): value is SortOrder => sortOrders.some((order) => order === value)

const keptNames = new Set(['peer', 'relay', 'debug'])

const keptParameters = (search: string): [string, string][] =>
  [...new URLSearchParams(search)].filter(([name]) => keptNames.has(name))
