import { messages } from './catalogue.ts'
import { choice, count, params } from './forms.ts'

/** The catalogue of packages: search, filters and results. */
export const browseText = messages('browse', {
  tabTitle: 'Browse',
  tabTitleFor: params('“{text}”'),
  title: 'Packages',
  search: 'Search packages',
  searchHint: 'Search by name, tag, keyword or publisher',
  clearSearch: 'Clear search',
  loading: 'Loading the catalogue…',

  results: 'Results',
  found: count({ one: '{count} package found', other: '{count} packages found' }),
  failed: params('The search failed: {reason}'),
  searching: 'searching…',
  took: params('in {duration}'),
  searchDetails: 'Details of this search',
  askingPeers: 'Asking other peers…',
  noneAnswered: count({ one: 'No answer from {count} peer.', other: 'No answer from {count} peers.' }),
  allAnswered: count({ one: '{count} peer answered.', other: '{count} peers answered.' }),
  someAnswered: count({ one: '{answered} of {count} peer answered.', other: '{answered} of {count} peers answered.' }),
  installed: 'Installed',
  installedVersion: params('{version} installed'),

  sortBy: 'Sort by',
  sort: choice({ relevance: 'Best match', updated: 'Last updated', name: 'Name' }),

  filters: 'Filters',
  filtersChosen: params('Filters ({chosen})'),
  filter: choice({ category: 'Category', tag: 'Tag', license: 'Licence', publisher: 'Publisher' }),
  showAll: params('Show all {number}'),
  showFewer: 'Show fewer',
  activeFilters: 'Active filters',
  activeFilter: params('{filter}:'),
  removeFilter: params('Remove filter {filter}: {value}'),
  clearAll: 'Clear all',

  noMatchTitle: 'No matches',
  noMatch: 'Try fewer words, another spelling, or remove a filter.',
  clearSearchAndFilters: 'Clear search and filters',
  connectingTitle: 'Loading the catalogue',
  connecting: 'Connecting to other peers. Their packages appear here as they arrive.',
  offlineTitle: 'Offline, and no packages saved here yet',
  offline:
    'No relay can be reached; this tab keeps trying. You can publish now: your package is announced once a peer connects.',
  showNetwork: 'Show network state',
  nobodyTitle: 'No packages yet',
  nobody: 'Publish the first one: choose a folder that holds a package. Everyone connected sees it within seconds.',
  publish: 'Publish a package',
})
