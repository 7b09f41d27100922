import { useEffect, useState } from 'react'
import { useCommands } from '../hooks/use-app.ts'
import { IconButton } from './button.tsx'

/** How long the tick stays, ms. */
const shownMs = 1600

/** Copies `text`; `what` completes “Copy …”. */
export const CopyButton = ({ text, what }: { text: string; what: string }) => {
  const [copied, setCopied] = useState(false)
  const { notify } = useCommands()
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), shownMs)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setCopied(true)
    } catch {
      notify('error', `The browser did not allow copying. Select the ${what} and copy it by keyboard.`)
    }
  }
  return <IconButton icon={copied ? 'check' : 'copy'} label={copied ? 'Copied' : `Copy ${what}`} onClick={copy} />
}
