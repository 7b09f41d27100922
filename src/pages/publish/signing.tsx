import { useId } from 'react'
import type { PackageCheck } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button } from '../../components/button.tsx'
import { PackageName } from '../../components/package-name.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { formatBytes, plural, shortened } from '../../lib/format.ts'
import { keyed } from '../../lib/keyed.ts'
import type { OpenDraft } from '../../store/state.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'
import { isBlocked } from './private-files.tsx'

/** What would be signed and by whom, and the button that does it. Stays in view beside the form. */
export const Signing = ({ draft, check }: { draft: OpenDraft; check: PackageCheck }) => {
  const { publishDraft } = useCommands()
  const status = useAppState((state) => state.status)
  const why = useId()
  const { checking, publishing, dryRun, failure } = draft
  const { slug, version } = check.fields
  const errors = check.findings.filter(({ level }) => level === 'error').length
  const blocked = check.findings.filter(isBlocked).length
  const found = new Set(check.findings.map(({ reason }) => sayReason(reason)))
  const warnings = (dryRun?.warnings ?? []).map(sayReason).filter((warning) => !found.has(warning))
  return (
    <aside aria-label="What will be signed" className="signing">
      <h2>What will be signed</h2>
      <dl className="fact-list">
        <div>
          <dt>Package</dt>
          <dd>
            {slug === '' ? (
              'no name yet'
            ) : status === undefined ? (
              slug
            ) : (
              <PackageName id={`${status.publisherId}/${slug}`} publisherName={status.publisherName} />
            )}
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{version === '' ? 'none yet' : version}</dd>
        </div>
        <div>
          <dt>Content</dt>
          <dd>
            {plural(check.files.length, 'file')}, {formatBytes(check.size)}
          </dd>
        </div>
        {dryRun === undefined ? null : (
          <div>
            <dt>Content id</dt>
            <dd>
              <code title={dryRun.root}>{shortened(dryRun.root, 8)}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>Signed by</dt>
          <dd>{status === undefined ? 'this profile' : `${status.publisherName} (this profile)`}</dd>
        </div>
      </dl>
      {keyed(warnings, String).map(({ key, item }) => (
        <Banner key={key} tone="warning">
          {item}
        </Banner>
      ))}
      {failure === undefined ? null : (
        <Banner title="It could not be published" tone="error" urgent>
          {sayFailure(failure)}
        </Banner>
      )}
      <Button
        aria-describedby={why}
        className="signing-button"
        disabled={!check.ok || checking || publishing}
        icon="publish"
        look="primary"
        onClick={publishDraft}
      >
        {publishing ? 'Publishing…' : 'Publish'}
      </Button>
      <p className="hint" id={why}>
        {checking
          ? 'Checking…'
          : check.ok
            ? 'A published version stays as it is: it can be withdrawn, not changed.'
            : errors === blocked
              ? `Decide about ${plural(blocked, 'private file')} first. Nothing was signed.`
              : `${plural(errors, 'error')} to mend first. Nothing was signed.`}
      </p>
    </aside>
  )
}
