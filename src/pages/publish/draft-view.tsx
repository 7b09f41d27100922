import { Banner } from '../../components/banner.tsx'
import { Button } from '../../components/button.tsx'
import { DependencyList } from '../../components/dependency-list.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import type { OpenDraft } from '../../store/state.ts'
import { counts } from '../../text/counts.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatBytes } from '../../text/format.ts'
import { publishText } from '../../text/publish.ts'
import { sayFailure } from '../../text/reasons.ts'
import { FieldsForm } from './fields-form.tsx'
import { Findings } from './findings.tsx'
import { LeftOutList } from './left-out-list.tsx'
import { isBlocked, PrivateFiles } from './private-files.tsx'
import { Signing } from './signing.tsx'

/** Package before publishing: findings, fields, files, and what will be signed. */
export const DraftView = ({ draft }: { draft: OpenDraft }) => {
  const { discardDraft } = useCommands()
  const { check, source, failure } = draft
  const findings = check?.findings ?? []
  const blocked = findings.filter(isBlocked).length
  const others = findings.filter((finding) => !isBlocked(finding) && finding.name !== 'LeftOut')
  return (
    <>
      <div className="draft-source">
        <p className="lead">
          {check?.manifestPath === undefined
            ? publishText.source({ source })
            : publishText.sourceWithManifest({ source, manifest: check.manifestPath })}
        </p>
        <Button icon="back" look="quiet" onClick={discardDraft}>
          {publishText.chooseOther}
        </Button>
      </div>
      {check === undefined && failure === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> {publishText.checking(draft.files.length)}
        </p>
      ) : null}
      {check === undefined && failure !== undefined ? (
        <Banner title={publishText.checkFailed} tone="error" urgent>
          {sayFailure(failure)}
        </Banner>
      ) : null}
      {check === undefined ? null : (
        <div className="draft">
          <section>
            <h2>{publishText.found}</h2>
            <Part name={drawingFailureText.findings} of={check}>
              <PrivateFiles draft={draft} />
              {others.length === 0 && blocked > 0 ? null : <Findings findings={others} />}
              <LeftOutList leftOut={check.leftOut} />
            </Part>
          </section>
          <Part name={drawingFailureText.signing} of={draft}>
            <Signing check={check} draft={draft} />
          </Part>
          <div className="draft-main">
            <section>
              <h2>{publishText.about}</h2>
              <Part name={drawingFailureText.form} of={draft}>
                <FieldsForm check={check} typed={draft.typed} />
              </Part>
            </section>
            {check.dependencies.length === 0 ? null : (
              <section>
                <h2>{publishText.dependencies}</h2>
                <Part name={drawingFailureText.dependencies} of={check}>
                  <DependencyList dependencies={check.dependencies} />
                </Part>
              </section>
            )}
            <section>
              <h2>
                {publishText.filesAndSize({ files: counts.files(check.files.length), size: formatBytes(check.size) })}
              </h2>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard */}
              <section aria-label={publishText.files} className="draft-files" tabIndex={0}>
                <ul>
                  {check.files.map(({ path, size }) => (
                    <li key={path}>
                      <span className="break">{path}</span>
                      <span className="file-size">{formatBytes(size)}</span>
                    </li>
                  ))}
                </ul>
              </section>
            </section>
          </div>
        </div>
      )}
    </>
  )
}
