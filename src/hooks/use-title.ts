import { useEffect } from 'react'
import { shellText } from '../text/shell.ts'

/** Names the tab after what it shows. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = shellText.tabTitle({ page: title })
  }, [title])
}
