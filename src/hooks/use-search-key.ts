import { useEffect } from 'react'
import { useLocation } from 'wouter'
import { useLinks } from './use-app.ts'

export const searchFieldId = 'search'

/** `/` focuses the search field from any page, except while typing or while a dialog is open. */
export const useSearchKey = (): void => {
  const [, navigate] = useLocation()
  const links = useLinks()
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (isTyping(event.target) || document.querySelector('[role=dialog]') !== null) return
      event.preventDefault()
      if (!focusSearch()) {
        navigate(links.browse())
        // After the new page has rendered and moved the focus to its top.
        setTimeout(focusSearch)
      }
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [navigate, links])
}

const focusSearch = (): boolean => {
  const field = document.getElementById(searchFieldId)
  if (!(field instanceof HTMLInputElement)) return false
  field.focus()
  field.select()
  return true
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
