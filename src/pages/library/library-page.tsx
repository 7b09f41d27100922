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
import { formatBytes, plural } from '../../lib/format.ts'
import { openTransfers } from '../../store/selectors.ts'
import { sayFailure } from '../../text/reasons.ts'
import { LibraryItem } from './library-item.tsx'

/** What is installed in this browser, and what is on its way here. */
export default function LibraryPage() {
  useTitle('Library')
  const links = useLinks()
  const now = useNow()
  const { value: entries, failure } = useAppState((state) => state.library)
  const transfers = useAppState(useShallow(openTransfers))
  const size = entries?.reduce((sum, entry) => sum + entry.size, 0) ?? 0
  return (
    <div className="library">
      <div className="page-head">
        <h1>Library</h1>
        {entries === undefined || entries.length === 0 ? null : (
          <p className="page-sum">
            {plural(entries.length, 'package')}, {formatBytes(size)}
          </p>
        )}
      </div>
      {failure === undefined ? null : (
        <Banner title="The library could not be read" tone="error">
          {sayFailure(failure)}
        </Banner>
      )}
      {transfers.length === 0 ? null : (
        <section aria-label="Under way" className="transfers">
          {transfers.map((transfer) => (
            <Part key={transfer.id} name="This install" of={transfer}>
              <TransferCard transfer={transfer} />
            </Part>
          ))}
        </section>
      )}
      {entries === undefined && failure === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> Opening the library…
        </p>
      ) : null}
      {entries?.length === 0 && transfers.length === 0 ? (
        <EmptyState
          actions={
            <LinkButton href={links.browse()} icon="browse" look="primary">
              Browse packages
            </LinkButton>
          }
          icon="library"
          title="Nothing is installed yet"
        >
          <p>What you install is kept in this browser, works offline, and can be fetched by others from you.</p>
        </EmptyState>
      ) : null}
      {entries === undefined || entries.length === 0 ? null : (
        <ul aria-label="Installed packages" className="library-list">
          {entries.map((entry) => (
            <Part as="li" key={`${entry.id}@${entry.version}`} name={`${entry.slug} ${entry.version}`} of={entry}>
              <LibraryItem entry={entry} now={now} />
            </Part>
          ))}
        </ul>
      )}
    </div>
  )
}
