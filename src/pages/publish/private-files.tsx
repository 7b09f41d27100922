import { useLayoutEffect, useRef } from 'react'
import type { Finding } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { plural } from '../../lib/format.ts'
import type { OpenDraft } from '../../store/state.ts'
import { sayReason } from '../../text/reasons.ts'

/** A file that looks private and was neither left out nor confirmed. */
export const isBlocked = (finding: Finding): finding is Finding & { path: string } =>
  finding.level === 'error' && finding.name === 'PrivateFile' && finding.path !== undefined

/**
 * Files that look private: for each, whether it is left out or published all the same. Nothing is published before.
 * A decided file leaves the list at once, without waiting for the next check, and the focus moves to the file after it.
 */
export const PrivateFiles = ({ draft }: { draft: OpenDraft }) => {
  const { leaveOut, confirmPrivate } = useCommands()
  const undecided = findUndecided(draft)
  const place = useRef<HTMLDivElement>(null)
  const decidedAt = useRef<number>(undefined)
  useLayoutEffect(() => {
    if (decidedAt.current === undefined) return
    const rows = place.current?.querySelectorAll('li') ?? []
    const next = rows[Math.min(decidedAt.current, rows.length - 1)]
    const target = next?.querySelector('button') ?? place.current
    decidedAt.current = undefined
    target?.focus()
  })
  const decide = (at: number, command: (path: string) => void, path: string): void => {
    decidedAt.current = at
    command(path)
  }
  return (
    <div className="private-place" ref={place} tabIndex={-1}>
      {undecided.length === 0 ? null : (
        <section aria-label="Private files" className="private-files">
          <h3 className="private-title">
            <Icon name="shield" />
            <span>{plural(undecided.length, 'file looks', 'files look')} private</span>
          </h3>
          <p className="hint">
            Everyone can read what you publish, and it cannot be deleted. Decide for each file; on your disk it stays as
            it is.
          </p>
          <ul>
            {undecided.map(({ path, reason, line }, at) => (
              <li key={path}>
                <p className="break">
                  {sayReason(reason)}
                  {line === undefined ? null : <span className="private-line"> Line {line}.</span>}
                </p>
                <div className="actions">
                  <Button aria-label={`Leave out ${path}`} icon="close" onClick={() => decide(at, leaveOut, path)}>
                    Leave it out
                  </Button>
                  <Button
                    aria-label={`Publish ${path} anyway`}
                    look="quiet"
                    onClick={() => decide(at, confirmPrivate, path)}
                  >
                    Publish it anyway
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  )
}

/** What the last check blocked, without what was decided since. */
const findUndecided = ({ check, confirmed, files }: OpenDraft): (Finding & { path: string })[] => {
  const decided = new Set(confirmed)
  const there = new Set(files.map(({ path }) => path.normalize('NFC')))
  return (check?.findings ?? []).filter(isBlocked).filter(({ path }) => there.has(path) && !decided.has(path))
}
