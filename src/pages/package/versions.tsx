import { useState } from 'react'
import type { PackageView, VersionView } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { Time } from '../../components/time.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { counts } from '../../text/counts.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatBytes } from '../../text/format.ts'
import { packageText } from '../../text/package.ts'

/** All known versions, newest first, with their actions. */
export const Versions = ({ view, onInstall }: { view: PackageView; onInstall: (version: VersionView) => void }) => {
  const [yanking, setYanking] = useState<string>()
  const { yank } = useCommands()
  const { summary, publisher, versions } = view
  const own = publisher.trust === 'self'
  return (
    <>
      <ul aria-label={packageText.versions} className="version-list">
        {versions.map((each) => (
          <Part as="li" key={each.version} name={drawingFailureText.version({ version: each.version })} of={each}>
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
          confirm={packageText.yankVersion({ version: yanking })}
          onClose={() => setYanking(undefined)}
          onConfirm={() => yank(summary.id, yanking)}
          title={packageText.yankTitle({ slug: summary.slug, version: yanking })}
        >
          <p>{packageText.yankConsequences}</p>
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
        {isNewest && !each.yanked ? <span className="mark">{packageText.latest}</span> : null}
        {each.installed ? (
          <span className="mark mark-ok">
            <Icon name="check" />
            {packageText.installed}
          </span>
        ) : null}
        {each.yanked ? (
          <span className="mark mark-warning">
            <Icon name="warning" />
            {packageText.yanked}
          </span>
        ) : null}
        {each.equivocation ? (
          <span className="mark mark-error">
            <Icon name="error" />
            {packageText.conflicting}
          </span>
        ) : null}
      </p>
      <p className="version-facts">
        <Time at={each.publishedAt} /> · {formatBytes(each.size)} · {counts.files(each.fileCount)}
      </p>
    </div>
    <div className="actions">
      {each.installed || each.yanked ? null : (
        <Button aria-label={packageText.installVersion({ version: each.version })} onClick={onInstall}>
          {packageText.install}
        </Button>
      )}
      {isOwn && !each.yanked ? (
        <Button aria-label={packageText.yankVersion({ version: each.version })} look="quiet" onClick={onYank}>
          {packageText.yank}
        </Button>
      ) : null}
    </div>
  </li>
)
