import { useId, useState } from 'react'
import type { Facet } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { type BrowseQuery, type FilterKey, filterKeys } from '../../routes.ts'
import { browseText } from '../../text/browse.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatCount } from '../../text/numbers.ts'
import { loadedHits, publisherLabel } from './filter-names.ts'

/** Number of filter values shown before “Show all”. */
const fewValues = 7

interface Narrowing {
  query: BrowseQuery
  narrow: (change: Partial<BrowseQuery>) => void
}

/** Filters with counts; collapsed on a phone. */
export const Facets = ({ query, narrow }: Narrowing) => {
  const [open, setOpen] = useState(false)
  const region = useId()
  const facets = useAppState((state) => state.search.result?.facets)
  const chosen = filterKeys.filter((key) => query[key] !== undefined).length
  const isEmpty = facets === undefined || filterKeys.every((key) => facets[key].length === 0)
  if (isEmpty && chosen === 0) return <div className="facets" />
  return (
    <aside aria-label={browseText.filters} className="facets">
      <Button
        aria-controls={region}
        aria-expanded={open}
        className="facets-toggle"
        icon="filter"
        onClick={() => setOpen(!open)}
      >
        {chosen === 0 ? browseText.filters : browseText.filtersChosen({ chosen })}
        <Icon className={open ? 'turn turned' : 'turn'} name="chevron" />
      </Button>
      <div className={open ? 'facet-groups' : 'facet-groups facet-groups-closed'} id={region}>
        {filterKeys.map((key) => (
          <Part key={key} name={drawingFailureText.filter({ name: browseText.filter(key) })} of={facets}>
            <FacetGroup facet={key} narrow={narrow} query={query} values={facets?.[key] ?? []} />
          </Part>
        ))}
      </div>
    </aside>
  )
}

const FacetGroup = ({ facet, values, query, narrow }: Narrowing & { facet: FilterKey; values: readonly Facet[] }) => {
  const [all, setAll] = useState(false)
  const title = useId()
  const pages = useAppState((state) => state.search.pages)
  const chosen = query[facet]
  if (values.length === 0) return null
  const shown = all ? values : values.slice(0, fewValues)
  const hits = facet === 'publisher' ? loadedHits(pages) : []
  return (
    <section aria-labelledby={title} className="facet">
      <h2 className="facet-title" id={title}>
        {browseText.filter(facet)}
      </h2>
      <ul className="facet-values">
        {shown.map(({ value, count }) => (
          <li key={value}>
            <button
              aria-pressed={value === chosen}
              className="facet-value"
              onClick={() => narrow({ [facet]: value === chosen ? '' : value })}
              type="button"
            >
              <span className="facet-name">{facet === 'publisher' ? publisherLabel(value, hits) : value}</span>{' '}
              <span className="facet-count">{formatCount(count)}</span>
            </button>
          </li>
        ))}
      </ul>
      {values.length > fewValues ? (
        <Button look="quiet" onClick={() => setAll(!all)}>
          {all ? browseText.showFewer : browseText.showAll({ number: values.length })}
        </Button>
      ) : null}
    </section>
  )
}
