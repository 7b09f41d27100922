import { IconButton } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { searchFieldId } from '../../hooks/use-search-key.ts'
import { browseText } from '../../text/browse.ts'

/** Searches while typing; Enter does nothing more, Escape clears the field. */
export const SearchField = ({ value, onChange }: { value: string; onChange: (text: string) => void }) => (
  <search className="search">
    <Icon name="search" />
    <input
      aria-keyshortcuts="/"
      aria-label={browseText.search}
      autoCapitalize="off"
      autoComplete="off"
      autoCorrect="off"
      className="search-input"
      enterKeyHint="search"
      id={searchFieldId}
      maxLength={200}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && value !== '') {
          event.preventDefault()
          onChange('')
        }
      }}
      placeholder={browseText.searchHint}
      spellCheck={false}
      type="text"
      value={value}
    />
    {value === '' ? (
      <span aria-hidden="true" className="search-key">
        /
      </span>
    ) : (
      <IconButton icon="close" label={browseText.clearSearch} onClick={() => onChange('')} />
    )}
  </search>
)
