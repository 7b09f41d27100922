import { Link } from 'wouter'
import type { PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Button, LinkButton } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Seal } from '../../components/identicon.tsx'
import { PackageName } from '../../components/package-name.tsx'
import { Time } from '../../components/time.tsx'
import { TransferCard } from '../../components/transfer-card.tsx'
import { useAppState, useLinks } from '../../hooks/use-app.ts'
import { useLatestTime } from '../../hooks/use-now.ts'
import { runningTransfer } from '../../store/selectors.ts'
import { controlText } from '../../text/controls.ts'
import { formatBytes } from '../../text/format.ts'
import { packageText } from '../../text/package.ts'

/** Name, publisher, version, and the install button or the running install. */
export const PackageHeader = ({
  view,
  newest,
  onInstall,
}: {
  view: PackageView
  newest: VersionView | undefined
  onInstall: (version: VersionView) => void
}) => {
  const { summary, displayName, versions } = view
  const here = newest?.installed ? newest : versions.find(({ installed }) => installed)
  const links = useLinks()
  const now = useLatestTime()
  const wanted = useAppState((state) => state.search.wanted)
  const transfer = useAppState((state) => runningTransfer(state, summary.id, summary.slug))
  return (
    <header className="package-header">
      <Link className="back-link" href={links.browse(wanted)}>
        <Icon name="back" />
        {packageText.back}
      </Link>
      <div className="package-title">
        <Seal id={summary.id} large />
        <div>
          <h1>{displayName}</h1>
          <p className="package-id">
            <PackageName id={summary.id} publisherName={summary.publisherName} />
          </p>
        </div>
      </div>
      {summary.description === '' ? null : <p className="package-description">{summary.description}</p>}
      <p className="package-line">
        <span className="version">{summary.version}</span>
        <span>{summary.license === '' ? packageText.noLicence : summary.license}</span>
        <span>{formatBytes(summary.size)}</span>
        <Time at={summary.publishedAt} now={now} />
      </p>
      {transfer === undefined ? (
        <div className="actions">
          {newest === undefined || newest.installed ? null : newest.yanked ? (
            <span className="mark mark-warning mark-large">
              <Icon name="warning" />
              {packageText.yankedByPublisher}
            </span>
          ) : (
            <Button icon="download" look="primary" onClick={() => onInstall(newest)}>
              {here === undefined ? packageText.install : packageText.updateTo({ version: newest.version })}
            </Button>
          )}
          {here === undefined ? null : (
            <>
              <span className="mark mark-ok mark-large">
                <Icon name="check" />
                {here === newest ? packageText.installed : packageText.installedVersion({ version: here.version })}
              </span>
              <LinkButton href={links.library()} icon="library">
                {controlText.openLibrary}
              </LinkButton>
            </>
          )}
        </div>
      ) : (
        <TransferCard titled={false} transfer={transfer} />
      )}
    </header>
  )
}
