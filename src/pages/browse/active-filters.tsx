import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { type BrowseQuery, filterKeys } from '../../routes.ts'
import { browseText } from '../../text/browse.ts'
import { loadedHits, publisherLabel } from './filter-names.ts'

/** Active filters, each with a button that removes it. */
export const ActiveFilters = ({
  query,
  narrow,
  clear,
}: {
  query: BrowseQuery
  narrow: (change: Partial<BrowseQuery>) => void
  clear: () => void
}) => {
  const pages = useAppState((state) => state.search.pages)
  const chosen = filterKeys.flatMap((key) => {
    const value = query[key]
    return value === undefined ? [] : [{ key, value }]
  })
  if (chosen.length === 0) return null
  return (
    <ul aria-label={browseText.activeFilters} className="active-filters">
      {chosen.map(({ key, value }) => {
        const label = key === 'publisher' ? publisherLabel(value, loadedHits(pages)) : value
        return (
          <li key={key}>
            <button
              aria-label={browseText.removeFilter({ filter: browseText.filter(key), value: label })}
              className="chip"
              onClick={() => narrow({ [key]: '' })}
              type="button"
            >
              <span>{browseText.activeFilter({ filter: browseText.filter(key) })}</span> {label}
              <Icon name="close" />
            </button>
          </li>
        )
      })}
      <li>
        <Button look="quiet" onClick={clear}>
          {browseText.clearAll}
        </Button>
      </li>
    </ul>
  )
}
