import type { Finding } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { plural } from '../../lib/format.ts'

/** A file that looks private and was neither left out nor confirmed. */
export const isBlocked = (finding: Finding): finding is Finding & { path: string } =>
  finding.level === 'error' && finding.name === 'PrivateFile' && finding.path !== undefined

/** Files that look private: for each, whether it is left out or published all the same. Nothing is published before. */
export const PrivateFiles = ({ findings, busy }: { findings: readonly Finding[]; busy: boolean }) => {
  const { leaveOut, confirmPrivate } = useCommands()
  const blocked = findings.filter(isBlocked)
  if (blocked.length === 0) return null
  return (
    <section aria-label="Private files" className="private-files">
      <h3 className="private-title">
        <Icon name="shield" />
        <span>{plural(blocked.length, 'file looks', 'files look')} private</span>
      </h3>
      <p className="hint">
        Everyone can read what you publish, and it cannot be deleted. Decide for each file; on your disk it stays as it
        is.
      </p>
      <ul>
        {blocked.map(({ path, message, line }) => (
          <li key={path}>
            <p className="break">
              {message}
              {line === undefined ? null : <span className="private-line"> Line {line}.</span>}
            </p>
            <div className="actions">
              <Button aria-label={`Leave out ${path}`} disabled={busy} icon="close" onClick={() => leaveOut(path)}>
                Leave it out
              </Button>
              <Button
                aria-label={`Publish ${path} anyway`}
                disabled={busy}
                look="quiet"
                onClick={() => confirmPrivate(path)}
              >
                Publish it anyway
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}
