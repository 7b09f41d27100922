import './browse.css'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { Part } from '../../components/part.tsx'
import { useApp, useAppState, useLinks } from '../../hooks/use-app.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { type BrowseQuery, isSortOrder, parseBrowseQuery, sortOrders } from '../../routes.ts'
import { emptyReason, isNarrowed, isSearching, peersSentence } from '../../store/selectors.ts'
import type { ShownResult } from '../../store/state.ts'
import { browseText } from '../../text/browse.ts'
import { counts } from '../../text/counts.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatDuration } from '../../text/format.ts'
import { sayFailure } from '../../text/reasons.ts'
import { ActiveFilters } from './active-filters.tsx'
import { BrowseEmpty } from './browse-empty.tsx'
import { Facets } from './facets.tsx'
import { ResultList } from './result-list.tsx'
import { SearchField } from './search-field.tsx'

/** Delay between the last key and the address update (ms): browsers limit how often the address may change. */
const addressDelayMs = 300

/** The catalogue: searched while typing, narrowed by filters; the address holds the query. */
export default function BrowsePage() {
  const { links, commands } = useApp()
  const [, navigate] = useLocation()
  const address = useSearch()
  const inAddress = useMemo(() => parseBrowseQuery(address), [address])
  const [text, setText] = useState(inAddress.text)
  /** Text last written into the address by this page; any other text came from history or a link. */
  const written = useRef(inAddress.text)
  const query = useMemo(() => ({ ...inAddress, text }), [inAddress, text])
  useTitle(text === '' ? browseText.tabTitle : browseText.tabTitleFor({ text }))

  useEffect(() => commands.search(query), [commands, query])
  useEffect(() => {
    if (inAddress.text === written.current) return
    written.current = inAddress.text
    setText(inAddress.text)
  }, [inAddress])
  useEffect(() => {
    if (text === inAddress.text) return
    const timer = setTimeout(() => {
      written.current = text
      navigate(links.browse(query), { replace: true })
    }, addressDelayMs)
    return () => clearTimeout(timer)
  }, [text, inAddress, query, links, navigate])

  const narrow = (change: Partial<BrowseQuery>): void => navigate(links.browse({ ...query, ...change }))
  const clear = (): void => {
    setText('')
    navigate(links.browse(query.sort === undefined ? {} : { sort: query.sort }))
  }
  const empty = useAppState(emptyReason)
  return (
    <div className="browse">
      <div className="browse-top">
        <h1 className="browse-title">{browseText.title}</h1>
        <SearchField onChange={setText} value={text} />
      </div>
      <Part name={drawingFailureText.filters} of={query}>
        <Facets narrow={narrow} query={query} />
      </Part>
      <section aria-label={browseText.results} className="browse-results">
        <Part name={drawingFailureText.resultCount} of={query}>
          <ResultHead narrow={narrow} query={query} />
        </Part>
        <Part name={drawingFailureText.activeFilters} of={query}>
          <ActiveFilters clear={clear} narrow={narrow} query={query} />
        </Part>
        <Part name={drawingFailureText.packages} of={query}>
          {empty === undefined ? <ResultList query={query} /> : <BrowseEmpty clear={clear} reason={empty} />}
        </Part>
      </section>
    </div>
  )
}

const ResultHead = ({ query, narrow }: { query: BrowseQuery; narrow: (change: Partial<BrowseQuery>) => void }) => {
  const result = useAppState((state) => state.search.result)
  const failure = useAppState((state) => state.search.failure)
  const searching = useAppState(isSearching)
  const asked = useAppState(peersSentence)
  const narrowed = isNarrowed(query)
  const isEmpty = result?.total === 0
  // With nothing to count, the empty state below explains why.
  const found =
    result === undefined || (isEmpty && !narrowed)
      ? ''
      : narrowed
        ? browseText.found(result.total)
        : counts.packages(result.total)
  return (
    <div className="result-head">
      <p className="result-count">
        <output>{failure === undefined ? found : browseText.failed({ reason: sayFailure(failure) })}</output>
        {result === undefined || found === '' || failure !== undefined ? null : (
          <ResultTime result={result} searching={searching} />
        )}
        <output className="result-peers">{asked}</output>
      </p>
      {isEmpty ? null : <SortOrderSelect narrow={narrow} query={query} />}
    </div>
  )
}

/** Leads to the steps of the search. */
const ResultTime = ({ result: { tookMs, traceId }, searching }: { result: ShownResult; searching: boolean }) => {
  const links = useLinks()
  const took = browseText.took({ duration: formatDuration(tookMs) })
  if (searching || traceId === undefined) {
    return (
      <span aria-hidden="true" className="result-time">
        {searching ? browseText.searching : took}
      </span>
    )
  }
  return (
    <Link className="result-time" href={links.trace(traceId)} title={browseText.searchDetails}>
      {took}
    </Link>
  )
}

const SortOrderSelect = ({ query, narrow }: { query: BrowseQuery; narrow: (change: Partial<BrowseQuery>) => void }) => (
  <label className="sort">
    <span>{browseText.sortBy}</span>
    <select
      onChange={({ target: { value } }) => narrow(isSortOrder(value) ? { sort: value } : {})}
      value={query.sort ?? (query.text.trim() === '' ? 'updated' : 'relevance')}
    >
      {sortOrders.map((order) => (
        <option key={order} value={order}>
          {browseText.sort(order)}
        </option>
      ))}
    </select>
  </label>
)
