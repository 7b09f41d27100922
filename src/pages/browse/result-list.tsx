import { useWindowVirtualizer, type VirtualItem, type Virtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { useLatestTime } from '../../hooks/use-now.ts'
import type { BrowseQuery } from '../../routes.ts'
import { hitAt, missingPages, rankOf } from '../../store/selectors.ts'
import type { SearchState } from '../../store/state.ts'
import { browseText } from '../../text/browse.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { ResultRow } from './result-row.tsx'

/** Estimated row height with a two-line description (px); real heights are measured. */
const rowEstimate = 124

/** Rows rendered beyond the visible ones, so that fast scrolling shows no gaps. */
const overscan = 6

/** Virtual list of hits that scrolls with the page. */
export const ResultList = ({ query }: { query: BrowseQuery }) => {
  const list = useRef<HTMLOListElement>(null)
  const search = useAppState((state) => state.search)
  const { loadPage } = useCommands()
  const now = useLatestTime()
  const [top, setTop] = useState(0)
  useLayoutEffect(() => setTop(list.current?.offsetTop ?? 0), [])

  const total = search.result?.total ?? 0
  const rows = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowEstimate,
    overscan,
    scrollMargin: top,
    getItemKey: (rank) => hitAt(search, rank)?.id ?? rank,
  })
  const items = rows.getVirtualItems()
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0]
  useEffect(() => {
    if (total > 0) for (const page of missingPages(search, first, last)) loadPage(page)
  }, [search, total, first, last, loadPage])

  useReadingPosition(rows, items, search)

  const answered = useRef(query)
  useEffect(() => {
    if (answered.current === query) return
    answered.current = query
    // New results start at the top; the search field stays in view.
    if (window.scrollY > 0) window.scrollTo(0, 0)
  }, [query])

  if (search.result === undefined) return <Starting />
  return (
    <ol className="results" ref={list} style={{ height: rows.getTotalSize() }}>
      {items.map(({ index, key, start }) => (
        <li
          aria-posinset={index + 1}
          aria-setsize={total}
          className="result-item"
          data-index={index}
          key={key}
          ref={rows.measureElement}
          style={{ transform: `translateY(${start - top}px)` }}
        >
          <Part name={drawingFailureText.package} of={hitAt(search, index)}>
            <ResultRow hit={hitAt(search, index)} now={now} />
          </Part>
        </li>
      ))}
    </ol>
  )
}

/**
 * Keeps the row being read in place when rows are inserted above it or turn out taller than estimated. Does nothing at
 * the top of the page.
 */
const useReadingPosition = (
  rows: Virtualizer<Window, Element>,
  items: readonly VirtualItem[],
  search: SearchState,
): void => {
  const { answered } = search
  const read = useRef<{ id: string; start: number; answered: SearchState['answered'] }>(undefined)
  useLayoutEffect(() => {
    // Both cases are handled here; the virtualizer's own adjustment would count twice.
    rows.shouldAdjustScrollPositionOnItemSizeChange = () => false
    if (read.current !== undefined && read.current.answered === answered) {
      const start = rows.measurementsCache[rankOf(search, read.current.id)]?.start ?? read.current.start
      if (start !== read.current.start) window.scrollBy(0, start - read.current.start)
    }
    // Positions as rendered; newer measurements count in the next render.
    const first = items.find(({ end }) => end > window.scrollY)
    const hit = first === undefined ? undefined : hitAt(search, first.index)
    read.current =
      first === undefined || hit === undefined || window.scrollY === 0
        ? undefined
        : { id: hit.id, start: first.start, answered }
  })
}

const Starting = () => (
  <p className="page-loading">
    <Icon className="spin" name="working" /> {browseText.loading}
  </p>
)
