import { useId } from 'react'
import type { PackageCheck } from '../../../workers/contract/views.ts'
import { Banner } from '../../components/banner.tsx'
import { Button } from '../../components/button.tsx'
import { PackageName } from '../../components/package-name.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { keyed } from '../../lib/keyed.ts'
import { shortened } from '../../lib/names.ts'
import type { OpenDraft } from '../../store/state.ts'
import { counts } from '../../text/counts.ts'
import { formatBytes } from '../../text/format.ts'
import { publishText } from '../../text/publish.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'
import { isBlocked } from './private-files.tsx'

/** What will be signed and by whom, with the publish button. Stays in view beside the form. */
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
    <aside aria-label={publishText.toSign} className="signing">
      <h2>{publishText.toSign}</h2>
      <dl className="fact-list">
        <div>
          <dt>{publishText.package}</dt>
          <dd>
            {slug === '' ? (
              publishText.notSet
            ) : status === undefined ? (
              slug
            ) : (
              <PackageName id={`${status.publisherId}/${slug}`} publisherName={status.publisherName} />
            )}
          </dd>
        </div>
        <div>
          <dt>{publishText.version}</dt>
          <dd>{version === '' ? publishText.notSet : version}</dd>
        </div>
        <div>
          <dt>{publishText.content}</dt>
          <dd>
            {publishText.filesAndSize({ files: counts.files(check.files.length), size: formatBytes(check.size) })}
          </dd>
        </div>
        {dryRun === undefined ? null : (
          <div>
            <dt>{publishText.contentId}</dt>
            <dd>
              <code title={dryRun.root}>{shortened(dryRun.root, 8)}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>{publishText.signedBy}</dt>
          <dd>{status === undefined ? publishText.thisProfile : publishText.signer({ name: status.publisherName })}</dd>
        </div>
      </dl>
      {keyed(warnings, String).map(({ key, item }) => (
        <Banner key={key} tone="warning">
          {item}
        </Banner>
      ))}
      {failure === undefined ? null : (
        <Banner title={publishText.publishFailed} tone="error" urgent>
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
        {publishing ? publishText.publishing : publishText.publish}
      </Button>
      <p className="hint" id={why}>
        {checking
          ? publishText.checkingDraft
          : check.ok
            ? publishText.final
            : errors === blocked
              ? publishText.decideFirst(blocked)
              : blocked === 0
                ? publishText.fixFirst(errors)
                : publishText.fixAndDecideFirst({
                    errors: counts.errors(errors - blocked),
                    files: publishText.privateFileCount(blocked),
                  })}
      </p>
    </aside>
  )
}
