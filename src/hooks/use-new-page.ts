import { type RefObject, useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/**
 * What a page load does and client-side navigation does not: scroll to the top and move focus to the content, where
 * keyboard and screen reader then start. Going back leaves the scroll position to the browser.
 */
export const useNewPage = (main: RefObject<HTMLElement | null>): void => {
  const [path] = useLocation()
  const shown = useRef(path)
  const wentBack = useRef(false)
  useEffect(() => {
    const note = (): void => {
      wentBack.current = true
    }
    window.addEventListener('popstate', note)
    return () => window.removeEventListener('popstate', note)
  }, [])
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    if (!wentBack.current) {
      window.scrollTo(0, 0)
      main.current?.focus({ preventScroll: true })
    }
    wentBack.current = false
  }, [path, main])
}
