import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link } from 'wouter'
import { IconButton } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { MAX_PREVIEW_BYTES } from '../../lib/limits.ts'
import { decodeText, toRows } from '../../lib/text-rows.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { controlText } from '../../text/controls.ts'
import { formatBytes } from '../../text/format.ts'
import { packageText } from '../../text/package.ts'
import { sayFailure } from '../../text/reasons.ts'

/** Height of a text row (px); also in the style sheet. */
const rowHeight = 20

interface Props {
  id: string
  version: string
  path: string
  size: number
  /** Address of the file list. */
  back: string
}

type Content = { state: 'reading' } | { state: 'text'; text: string } | { state: 'none'; why: string }

/** One file: its text up to the preview limit, else the reason and a way to save it. */
export const FileView = ({ id, version, path, size, back }: Props) => {
  const { readFile, saveFile } = useCommands()
  const [content, setContent] = useState<Content>({ state: 'reading' })
  useEffect(() => {
    if (size > MAX_PREVIEW_BYTES) {
      setContent({ state: 'none', why: packageText.fileTooLarge({ limit: formatBytes(MAX_PREVIEW_BYTES) }) })
      return
    }
    let wanted = true
    void readFile(id, version, path).then((bytes) => {
      if (wanted) setContent(toContent(bytes))
    })
    return () => {
      wanted = false
    }
  }, [id, version, path, size, readFile])
  return (
    <section aria-label={packageText.file({ path })} className="file-view">
      <header className="file-view-head">
        <Link aria-label={packageText.allFiles} className="icon-button" href={back}>
          <Icon name="back" />
        </Link>
        <h2 className="file-view-name">{path}</h2>
        <span className="file-size">{formatBytes(size)}</span>
        {content.state === 'text' ? <CopyButton label={controlText.copyText} text={content.text} /> : null}
        <IconButton icon="download" label={packageText.saveFile} onClick={() => saveFile(id, version, path)} />
      </header>
      {content.state === 'text' ? <Text path={path} text={content.text} /> : null}
      {content.state === 'none' ? <p className="calm-note">{content.why}</p> : null}
      {content.state === 'reading' ? <p className="page-loading">{controlText.loading}</p> : null}
    </section>
  )
}

const toContent = (bytes: Awaited<ReturnType<ReturnType<typeof useCommands>['readFile']>>): Content => {
  if (isFailureView(bytes)) {
    return bytes.name === 'ContentUnavailable' || bytes.name === 'NotInstalled'
      ? { state: 'none', why: packageText.fileNotHere }
      : { state: 'none', why: sayFailure(bytes) }
  }
  const text = decodeText(bytes)
  if (text === undefined) return { state: 'none', why: packageText.fileNotText }
  return text === '' ? { state: 'none', why: packageText.fileEmpty } : { state: 'text', text }
}

const Text = ({ text, path }: { text: string; path: string }) => {
  const frame = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => toRows(text), [text])
  const width = useMemo(() => rows.reduce((widest, row) => Math.max(widest, row.text.length), 0), [rows])
  const drawn = useVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeight,
    getScrollElement: () => frame.current,
    overscan: 20,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keyboard
    <section aria-label={packageText.fileContents({ path })} className="text" ref={frame} tabIndex={0}>
      <div className="text-rows" style={{ height: drawn.getTotalSize(), minWidth: `${width + 8}ch` }}>
        {drawn.getVirtualItems().map(({ index, start }) => (
          <div className="text-row" key={index} style={{ transform: `translateY(${start}px)` }}>
            <span aria-hidden="true" className="text-line">
              {rows[index]?.line}
            </span>
            <code>{rows[index]?.text}</code>
          </div>
        ))}
      </div>
    </section>
  )
}
