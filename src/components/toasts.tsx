import { useEffect, useEffectEvent, useRef, useState } from 'react'
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

/**
 * The newest notice as a toast; the others are counted in it and shown on request. All are in the document, so that
 * screen readers announce each politely. The region always exists: a live region that appears is not read out.
 */
export const Toasts = () => {
  const notices = useAppState((state) => state.notices)
  const region = useRef<HTMLElement>(null)
  const [showsAll, setShowsAll] = useState(false)
  const others = notices.length - 1
  if (showsAll && others < 1) setShowsAll(false)
  const isRead = (): boolean =>
    region.current?.matches(':hover') === true || region.current?.contains(document.activeElement) === true
  return (
    <section aria-label={shellText.notices} aria-live="polite" className="toasts" ref={region}>
      {notices.map((notice, at) => (
        <Part key={notice.id} name={drawingFailureText.notice} of={notice}>
          <Toast
            isRead={isRead}
            layer={showsAll ? 'listed' : at < others ? 'behind' : 'stacked'}
            notice={notice}
            others={showsAll || at < others ? 0 : others}
            showAll={() => setShowsAll(true)}
          />
        </Part>
      ))}
    </section>
  )
}

interface Props {
  notice: Notice
  /** `behind`: covered by a newer one, read out, but neither seen nor operated. */
  layer: 'listed' | 'stacked' | 'behind'
  /** Number of notices behind this one. */
  others: number
  showAll(): void
  /** Whether someone points at the notices or has the focus there: then none leaves. */
  isRead(): boolean
}

const Toast = ({ notice: { id, level, message, page }, layer, others, showAll, isRead }: Props) => {
  const { dismissNotice } = useCommands()
  const links = useLinks()
  const isBehind = layer === 'behind'
  const passes = level === 'info' || level === 'success'
  const isHeld = useEffectEvent(isRead)
  // biome-ignore lint/correctness/useExhaustiveDependencies: effect events must not be dependencies (React)
  useEffect(() => {
    if (!passes) return
    let timer = setTimeout(function leave() {
      if (isHeld()) timer = setTimeout(leave, shownMs)
      else dismissNotice(id)
    }, shownMs)
    return () => clearTimeout(timer)
  }, [id, passes, dismissNotice])
  return (
    <div className={`toast toast-${level} toast-${layer}`}>
      <Icon name={iconByTone[level]} />
      <p>
        {message}{' '}
        {page === undefined || isBehind ? null : (
          <Link href={links[page]()} onClick={() => dismissNotice(id)}>
            {controlText.openNetwork}
          </Link>
        )}
      </p>
      {others === 0 ? null : (
        <button className="toast-more" onClick={showAll} type="button">
          {shellText.otherNotices(others)}
        </button>
      )}
      {isBehind ? null : <IconButton icon="close" label={controlText.dismiss} onClick={() => dismissNotice(id)} />}
    </div>
  )
}
