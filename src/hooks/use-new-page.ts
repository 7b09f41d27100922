import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/**
 * What a page load does and client-side navigation does not: scroll to the top and move focus to the content, where
 * keyboard and screen reader then start. Going back leaves the scroll position to the browser.
 */
export const useNewPage = (main: RefObject<HTMLElement | null>): void => {
  const [path] = useLocation()
  const shown = useRef(path)
  const wentBack = useRef(false)
  const pathname = useRef(location.pathname)
  // A layout effect listens before the router, which draws the new page between two listeners.
  useLayoutEffect(() => {
    // Links within the page, such as the skip link, fire this event too.
    const note = (): void => {
      wentBack.current = location.pathname !== pathname.current
    }
    window.addEventListener('popstate', note)
    return () => window.removeEventListener('popstate', note)
  }, [])
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    pathname.current = location.pathname
    if (!wentBack.current) {
      window.scrollTo(0, 0)
      main.current?.focus({ preventScroll: true })
    }
    wentBack.current = false
  }, [path, main])
}
