import './library.css'
import { useShallow } from 'zustand/react/shallow'
import { Banner } from '../../components/banner.tsx'
import { LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { TransferCard } from '../../components/transfer-card.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { openTransfers } from '../../store/selectors.ts'
import { controlText } from '../../text/controls.ts'
import { counts } from '../../text/counts.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatBytes } from '../../text/format.ts'
import { libraryText } from '../../text/library.ts'
import { sayFailure } from '../../text/reasons.ts'
import { LibraryItem } from './library-item.tsx'

/** Installed packages and running installs. */
export default function LibraryPage() {
  useTitle(libraryText.tabTitle)
  const links = useLinks()
  const now = useNow()
  const { value: entries, failure } = useAppState((state) => state.library)
  const transfers = useAppState(useShallow(openTransfers))
  const size = entries?.reduce((sum, entry) => sum + entry.size, 0) ?? 0
  return (
    <div className="library">
      <div className="page-head">
        <h1>{libraryText.title}</h1>
        {entries === undefined || entries.length === 0 ? null : (
          <p className="page-sum">
            {libraryText.sum({ packages: counts.packages(entries.length), size: formatBytes(size) })}
          </p>
        )}
      </div>
      {failure === undefined ? null : (
        <Banner title={libraryText.failedTitle} tone="error">
          {sayFailure(failure)}
        </Banner>
      )}
      {transfers.length === 0 ? null : (
        <section aria-label={libraryText.inProgress} className="transfers">
          {transfers.map((transfer) => (
            <Part key={transfer.id} name={drawingFailureText.transfer} of={transfer}>
              <TransferCard transfer={transfer} />
            </Part>
          ))}
        </section>
      )}
      {entries === undefined && failure === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> {libraryText.loading}
        </p>
      ) : null}
      {entries?.length === 0 && transfers.length === 0 ? (
        <EmptyState
          actions={
            <LinkButton href={links.browse()} icon="browse" look="primary">
              {controlText.browsePackages}
            </LinkButton>
          }
          icon="library"
          title={libraryText.emptyTitle}
        >
          <p>{libraryText.empty}</p>
        </EmptyState>
      ) : null}
      {entries === undefined || entries.length === 0 ? null : (
        <ul aria-label={libraryText.installedPackages} className="library-list">
          {entries.map((entry) => (
            <Part
              as="li"
              key={`${entry.id}@${entry.version}`}
              name={drawingFailureText.libraryEntry({ name: entry.slug, version: entry.version })}
              of={entry}
            >
              <LibraryItem entry={entry} now={now} />
            </Part>
          ))}
        </ul>
      )}
    </div>
  )
}
