import { useEffect, useRef } from 'react'
import { Link } from 'wouter'
import { useAppState, useCommands, useLinks } from '../hooks/use-app.ts'
import type { Notice } from '../store/state.ts'
import { controlText } from '../text/controls.ts'
import { drawingFailureText } from '../text/drawing-failures.ts'
import { shellText } from '../text/shell.ts'
import { iconByTone } from './banner.tsx'
import { IconButton } from './button.tsx'
import { Icon } from './icon.tsx'
import { Part } from './part.tsx'

/** Display time (ms): enough to read a short sentence twice. Warnings and errors stay until dismissed. */
const shownMs = 7000

/** Toasts, announced politely by screen readers. The region always exists: a live region that appears is not read out. */
export const Toasts = () => {
  const notices = useAppState((state) => state.notices)
  return (
    <section aria-label={shellText.notices} aria-live="polite" className="toasts">
      {notices.map((notice) => (
        <Part key={notice.id} name={drawingFailureText.notice} of={notice}>
          <Toast notice={notice} />
        </Part>
      ))}
    </section>
  )
}

const Toast = ({ notice: { id, level, message, page } }: { notice: Notice }) => {
  const { dismissNotice } = useCommands()
  const links = useLinks()
  const held = useRef(false)
  const passes = level === 'info' || level === 'success'
  useEffect(() => {
    if (!passes) return
    let timer = setTimeout(function leave() {
      if (held.current) timer = setTimeout(leave, shownMs)
      else dismissNotice(id)
    }, shownMs)
    return () => clearTimeout(timer)
  }, [id, passes, dismissNotice])
  const hold = (on: boolean) => () => {
    held.current = on
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only delays the end; nothing is operated by it
    <div
      className={`toast toast-${level}`}
      onBlur={hold(false)}
      onFocus={hold(true)}
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
    >
      <Icon name={iconByTone[level]} />
      <p>
        {message}{' '}
        {page === undefined ? null : (
          <Link href={links[page]()} onClick={() => dismissNotice(id)}>
            {controlText.openNetwork}
          </Link>
        )}
      </p>
      <IconButton icon="close" label={controlText.dismiss} onClick={() => dismissNotice(id)} />
    </div>
  )
}
