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
import { isFailureView } from '../../store/failure-view.ts'
import { counts } from '../../text/counts.ts'
import { formatBytes } from '../../text/format.ts'
import { libraryText } from '../../text/library.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'

/** One installed package with its actions. */
export const LibraryItem = ({ entry, now }: { entry: LibraryEntry; now: number }) => {
  const { id, slug, version, displayName, publisherName, size, files, installedAt, asDependency } = entry
  const links = useLinks()
  const { verify, saveZip, saveFolder, planUninstall, uninstall, install, notify } = useCommands()
  const [checked, setChecked] = useState<'checking' | VerifyResult | FailureView>()
  const [removing, setRemoving] = useState<UninstallPlan>()
  useEffect(
    () => () => {
      // The removed item cannot take the focus back, so the keyboard starts at the top of the page.
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
  const name = `${slug} ${version}`
  return (
    <li className="library-item">
      <Seal id={id} />
      <div className="library-text">
        <h2 className="library-name">
          <Link href={links.package(id)}>{displayName}</Link>
          <span className="version">{version}</span>
          {asDependency ? <span className="mark">{libraryText.dependency}</span> : null}
        </h2>
        <p className="result-id">
          <PackageName id={id} publisherName={publisherName} />
        </p>
        <p className="library-facts">
          {libraryText.sizeAndFiles({ size: formatBytes(size), files: counts.files(files.length) })} ·{' '}
          {libraryText.installed} <Time at={installedAt} now={now} />
        </p>
      </div>
      <div className="library-actions">
        <Button aria-label={libraryText.downloadZipOf({ name })} icon="download" onClick={() => saveZip(id, version)}>
          {libraryText.downloadZip}
        </Button>
        {canPickFolders() ? (
          <Button
            aria-label={libraryText.saveFolderOf({ name })}
            icon="folder"
            onClick={() =>
              saveFolder(
                id,
                version,
                files.map(({ path }) => path),
              )
            }
          >
            {libraryText.saveFolder}
          </Button>
        ) : null}
        <Button
          aria-label={checked === 'checking' ? libraryText.verifyingOf({ name }) : libraryText.verifyOf({ name })}
          disabled={checked === 'checking'}
          icon="shield"
          onClick={check}
        >
          {checked === 'checking' ? libraryText.verifying : libraryText.verify}
        </Button>
        <Button aria-label={libraryText.removeOf({ name })} icon="trash" look="quiet" onClick={askToRemove}>
          {libraryText.remove}
        </Button>
      </div>
      {checked === undefined || checked === 'checking' ? null : (
        <div className="library-checked">
          <Checked again={() => install([`${id}@=${version}`])} outcome={checked} />
        </div>
      )}
      {removing === undefined ? null : (
        <ConfirmDialog
          confirm={removing.breaks.length === 0 ? libraryText.remove : libraryText.removeAnyway}
          onClose={() => setRemoving(undefined)}
          onConfirm={() => uninstall(id, version, { force: removing.breaks.length > 0 })}
          title={libraryText.removeTitle({ name })}
        >
          <Consequences plan={removing} />
        </ConfirmDialog>
      )}
    </li>
  )
}

/** Consequences of removing the package. */
const Consequences = ({ plan: { breaks, kept } }: { plan: UninstallPlan }) => (
  <>
    {breaks.length === 0 ? null : (
      <>
        <p>{libraryText.breaks(breaks.length)}</p>
        <ul className="library-breaks">
          {breaks.map(({ id, slug, version }) => (
            <li className="break" key={`${id}@${version}`}>
              {slug} <span className="version">{version}</span>
            </li>
          ))}
        </ul>
      </>
    )}
    <p>{libraryText.consequence(kept ?? 'deleted')}</p>
  </>
)

const Checked = ({ outcome, again }: { outcome: VerifyResult | FailureView; again: () => void }) => {
  if (isFailureView(outcome)) {
    return (
      <Banner title={libraryText.verifyFailed} tone="error" urgent>
        {sayFailure(outcome)}
      </Banner>
    )
  }
  if (outcome.ok) {
    return (
      <Banner tone="success" urgent>
        {libraryText.verified}
      </Banner>
    )
  }
  return (
    <Banner
      action={
        <Button icon="refresh" onClick={again}>
          {libraryText.downloadAgain}
        </Button>
      }
      title={libraryText.damaged(outcome.damaged.length)}
      tone="error"
      urgent
    >
      <ul>
        {outcome.damaged.map(({ path, reason }) => (
          <li className="break" key={path}>
            {libraryText.damagedFile({ path, reason: sayReason(reason) })}
          </li>
        ))}
      </ul>
    </Banner>
  )
}
