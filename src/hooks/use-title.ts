import { useEffect } from 'react'
import { shellText } from '../text/shell.ts'

/** Sets the title of the browser tab. */
export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = shellText.tabTitle({ page: title })
  }, [title])
}
