import { useEffect } from 'react'

/** Names the tab after what it shows. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} · ggen marketplace`
  }, [title])
}
