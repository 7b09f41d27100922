import { useEffect, useState } from 'react'
import { useCommands } from '../hooks/use-app.ts'
import { controlText } from '../text/controls.ts'
import { IconButton } from './button.tsx'

/** Display time of the tick (ms). */
const shownMs = 1600

/** Copies `text`. `label` names the button. */
export const CopyButton = ({ text, label }: { text: string; label: string }) => {
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
      notify('error', controlText.copyBlocked)
    }
  }
  return <IconButton icon={copied ? 'check' : 'copy'} label={copied ? controlText.copied : label} onClick={copy} />
}
