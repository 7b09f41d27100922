import { useLayoutEffect, useRef } from 'react'
import type { Finding } from '../../../workers/contract/views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import type { OpenDraft } from '../../store/state.ts'
import { publishText } from '../../text/publish.ts'
import { sayReason } from '../../text/reasons.ts'

/** Finding about a private-looking file that was neither left out nor confirmed. */
export const isBlocked = (finding: Finding): finding is Finding & { path: string } =>
  finding.level === 'error' && finding.name === 'PrivateFile' && finding.path !== undefined

/**
 * Private-looking files: each must be left out or confirmed before publishing. A decided file leaves the list at once,
 * without waiting for the next check, and the focus moves to the next file.
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
        <section aria-label={publishText.privateFiles} className="private-files">
          <h3 className="private-title">
            <Icon name="shield" />
            <span>{publishText.looksPrivate(undecided.length)}</span>
          </h3>
          <p className="hint">{publishText.privateHint}</p>
          <ul>
            {undecided.map(({ path, reason, line }, at) => (
              <li key={path}>
                <p className="break">
                  {sayReason(reason)}
                  {line === undefined ? null : (
                    <span className="private-line"> {publishText.line({ line: String(line) })}</span>
                  )}
                </p>
                <div className="actions">
                  <Button
                    aria-label={publishText.leaveOutFile({ path })}
                    icon="close"
                    onClick={() => decide(at, leaveOut, path)}
                  >
                    {publishText.leaveOut}
                  </Button>
                  <Button
                    aria-label={publishText.publishFileAnyway({ path })}
                    look="quiet"
                    onClick={() => decide(at, confirmPrivate, path)}
                  >
                    {publishText.publishAnyway}
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

/** Files blocked by the last check and not decided since. */
const findUndecided = ({ check, confirmed, files }: OpenDraft): (Finding & { path: string })[] => {
  const decided = new Set(confirmed)
  const there = new Set(files.map(({ path }) => path.normalize('NFC')))
  return (check?.findings ?? []).filter(isBlocked).filter(({ path }) => there.has(path) && !decided.has(path))
}
