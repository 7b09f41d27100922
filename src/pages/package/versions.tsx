import { useState } from 'react'
import type { PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { Time } from '../../components/time.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { formatBytes, plural } from '../../lib/format.ts'

/** Every version that is known, newest first, with what one can do about it. */
export const Versions = ({ view, onInstall }: { view: PackageView; onInstall: (version: VersionView) => void }) => {
  const [yanking, setYanking] = useState<string>()
  const { yank } = useCommands()
  const { summary, publisher, versions } = view
  const own = publisher.trust === 'self'
  return (
    <>
      <ul aria-label="Versions" className="version-list">
        {versions.map((each) => (
          <Part as="li" key={each.version} name={`Version ${each.version}`} of={each}>
            <VersionItem
              isNewest={each.version === summary.version}
              isOwn={own}
              onInstall={() => onInstall(each)}
              onYank={() => setYanking(each.version)}
              version={each}
            />
          </Part>
        ))}
      </ul>
      {yanking === undefined ? null : (
        <ConfirmDialog
          confirm={`Withdraw ${yanking}`}
          onClose={() => setYanking(undefined)}
          onConfirm={() => yank(summary.id, yanking)}
          title={`Withdraw ${summary.slug} ${yanking}?`}
        >
          <p>
            New installs then pass over this version. Nothing is deleted: those who have it keep it. This is signed with
            your key and cannot be taken back.
          </p>
        </ConfirmDialog>
      )}
    </>
  )
}

const VersionItem = ({
  version: each,
  isNewest,
  isOwn,
  onInstall,
  onYank,
}: {
  version: VersionView
  isNewest: boolean
  isOwn: boolean
  onInstall: () => void
  onYank: () => void
}) => (
  <li className={each.yanked ? 'version-item version-yanked' : 'version-item'}>
    <div className="version-text">
      <p className="version-name">
        <b>{each.version}</b>
        {isNewest && !each.yanked ? <span className="mark">Newest</span> : null}
        {each.installed ? (
          <span className="mark mark-ok">
            <Icon name="check" />
            Installed
          </span>
        ) : null}
        {each.yanked ? (
          <span className="mark mark-warning">
            <Icon name="warning" />
            Withdrawn
          </span>
        ) : null}
        {each.equivocation ? (
          <span className="mark mark-error">
            <Icon name="error" />
            Two contents
          </span>
        ) : null}
      </p>
      <p className="version-facts">
        <Time at={each.publishedAt} /> · {formatBytes(each.size)} · {plural(each.fileCount, 'file')}
      </p>
    </div>
    <div className="actions">
      {each.installed || each.yanked ? null : (
        <Button aria-label={`Install ${each.version}`} onClick={onInstall}>
          Install
        </Button>
      )}
      {isOwn && !each.yanked ? (
        <Button aria-label={`Withdraw ${each.version}`} look="quiet" onClick={onYank}>
          Withdraw
        </Button>
      ) : null}
    </div>
  </li>
)
