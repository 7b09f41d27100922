import { Banner } from '../../components/banner.tsx'
import { Button } from '../../components/button.tsx'
import { DependencyList } from '../../components/dependency-list.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { formatBytes, plural } from '../../lib/format.ts'
import type { OpenDraft } from '../../store/state.ts'
import { sayFailure } from '../../text/reasons.ts'
import { FieldsForm } from './fields-form.tsx'
import { Findings } from './findings.tsx'
import { LeftOutList } from './left-out-list.tsx'
import { isBlocked, PrivateFiles } from './private-files.tsx'
import { Signing } from './signing.tsx'

/** A package before it is published: what was found, its fields, its files, and what would be signed. */
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
          From <b>{source}</b>
          {check?.manifestPath === undefined ? '' : `, read from ${check.manifestPath}`}
        </p>
        <Button icon="back" look="quiet" onClick={discardDraft}>
          Choose something else
        </Button>
      </div>
      {check === undefined && failure === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> Checking {plural(draft.files.length, 'file')}…
        </p>
      ) : null}
      {check === undefined && failure !== undefined ? (
        <Banner title="It could not be checked" tone="error" urgent>
          {sayFailure(failure)}
        </Banner>
      ) : null}
      {check === undefined ? null : (
        <div className="draft">
          <section>
            <h2>What was found</h2>
            <Part name="What was found" of={check}>
              <PrivateFiles draft={draft} />
              {others.length === 0 && blocked > 0 ? null : <Findings findings={others} />}
              <LeftOutList leftOut={check.leftOut} />
            </Part>
          </section>
          <Part name="What will be signed" of={draft}>
            <Signing check={check} draft={draft} />
          </Part>
          <div className="draft-main">
            <section>
              <h2>About the package</h2>
              <Part name="The form" of={draft}>
                <FieldsForm check={check} typed={draft.typed} />
              </Part>
            </section>
            {check.dependencies.length === 0 ? null : (
              <section>
                <h2>Dependencies</h2>
                <Part name="The list of dependencies" of={check}>
                  <DependencyList dependencies={check.dependencies} />
                </Part>
              </section>
            )}
            <section>
              <h2>
                {plural(check.files.length, 'file')}, {formatBytes(check.size)}
              </h2>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard */}
              <section aria-label="Files" className="draft-files" tabIndex={0}>
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
