import { useEffect, useState } from 'react'
import { Link } from 'wouter'
import type { FailureView } from '../../../workers/contract/failures.ts'
import type { LibraryEntry, UninstallPlan, VerifyResult } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button } from '../../components/button.tsx'
import { ConfirmDialog } from '../../components/dialog.tsx'
import { Seal } from '../../components/identicon.tsx'
import { PackageName } from '../../components/package-name.tsx'
import { Time } from '../../components/time.tsx'
import { useCommands, useLinks } from '../../hooks/use-app.ts'
import { canPickFolders } from '../../lib/folder-picker.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'

/** One installed package and what can be done with it. */
export const LibraryItem = ({ entry, now }: { entry: LibraryEntry; now: number }) => {
  const { id, slug, version, displayName, publisherName, size, files, installedAt, asDependency } = entry
  const links = useLinks()
  const { verify, saveZip, saveFolder, planUninstall, uninstall, install, notify } = useCommands()
  const [checked, setChecked] = useState<'checking' | VerifyResult | FailureView>()
  const [removing, setRemoving] = useState<UninstallPlan>()
  useEffect(
    () => () => {
      // Once it is removed, its button cannot have the focus back: the keyboard starts at the top of the page.
      if (document.activeElement === document.body) document.querySelector('main')?.focus({ preventScroll: true })
    },
    [],
  )
  const check = async (): Promise<void> => {
    setChecked('checking')
    setChecked(await verify(id, version))
  }
  const askToRemove = async (): Promise<void> => {
    const plan = await planUninstall(id, version)
    if (isFailureView(plan)) notify('error', sayFailure(plan))
    else setRemoving(plan)
  }
  const label = (action: string): string => `${action} ${slug} ${version}`
  return (
    <li className="library-item">
      <Seal id={id} />
      <div className="library-text">
        <h2 className="library-name">
          <Link href={links.package(id)}>{displayName}</Link>
          <span className="version">{version}</span>
          {asDependency ? <span className="mark">Needed by another</span> : null}
        </h2>
        <p className="result-id">
          <PackageName id={id} publisherName={publisherName} />
        </p>
        <p className="library-facts">
          {formatBytes(size)} in {plural(files.length, 'file')} · installed <Time at={installedAt} now={now} />
        </p>
      </div>
      <div className="library-actions">
        <Button aria-label={label('Download zip of')} icon="download" onClick={() => saveZip(id, version)}>
          Zip
        </Button>
        {canPickFolders() ? (
          <Button
            aria-label={label('Save folder of')}
            icon="folder"
            onClick={() =>
              saveFolder(
                id,
                version,
                files.map(({ path }) => path),
              )
            }
          >
            Folder
          </Button>
        ) : null}
        <Button aria-label={label('Check')} disabled={checked === 'checking'} icon="shield" onClick={check}>
          {checked === 'checking' ? 'Checking…' : 'Check'}
        </Button>
        <Button aria-label={label('Remove')} icon="trash" look="quiet" onClick={askToRemove}>
          Remove
        </Button>
      </div>
      {checked === undefined || checked === 'checking' ? null : (
        <div className="library-checked">
          <Checked again={() => install([`${id}@=${version}`])} outcome={checked} />
        </div>
      )}
      {removing === undefined ? null : (
        <ConfirmDialog
          confirm={removing.breaks.length === 0 ? 'Remove' : 'Remove all the same'}
          onClose={() => setRemoving(undefined)}
          onConfirm={() => uninstall(id, version, { force: removing.breaks.length > 0 })}
          title={`Remove ${slug} ${version}?`}
        >
          <Consequences plan={removing} />
        </ConfirmDialog>
      )}
    </li>
  )
}

/** What removing it does, before it is done. */
const Consequences = ({ plan: { breaks, kept } }: { plan: UninstallPlan }) => (
  <>
    {breaks.length === 0 ? null : (
      <>
        <p>{plural(breaks.length, 'installed package needs it', 'installed packages need it')} and may stop working:</p>
        <ul className="library-breaks">
          {breaks.map(({ id, slug, version }) => (
            <li className="break" key={`${id}@${version}`}>
              {slug} <span className="version">{version}</span>
            </li>
          ))}
        </ul>
      </>
    )}
    <p>{consequenceByReason[kept ?? 'deleted']}</p>
  </>
)

const consequenceByReason: Record<NonNullable<UninstallPlan['kept']> | 'deleted', string> = {
  published:
    'It leaves your library. You published it, so its files stay in this browser and others can still install it.',
  installed: 'It leaves your library. Its files stay in this browser, because another installed package has the same.',
  held: 'It leaves your library. Its files stay in this browser while they are being fetched for something else.',
  deleted:
    'Its files are deleted from this browser, and others can no longer fetch it from you. You can install it again while another peer has it.',
}

const Checked = ({ outcome, again }: { outcome: VerifyResult | FailureView; again: () => void }) => {
  if (isFailureView(outcome)) {
    return (
      <Banner title="It could not be checked" tone="error" urgent>
        {sayFailure(outcome)}
      </Banner>
    )
  }
  if (outcome.ok) {
    return (
      <Banner tone="success" urgent>
        Every file is as it was published.
      </Banner>
    )
  }
  return (
    <Banner
      action={
        <Button icon="refresh" onClick={again}>
          Fetch again
        </Button>
      }
      title={plural(outcome.damaged.length, 'file is damaged', 'files are damaged')}
      tone="error"
      urgent
    >
      <ul>
        {outcome.damaged.map(({ path, reason }) => (
          <li className="break" key={path}>
            {path}: {sayReason(reason)}
          </li>
        ))}
      </ul>
    </Banner>
  )
}
