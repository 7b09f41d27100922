import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link } from 'wouter'
import { IconButton } from '../../components/button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { formatBytes } from '../../lib/format.ts'
import { MAX_PREVIEW_BYTES } from '../../lib/limits.ts'
import { decodeText, toRows } from '../../lib/text-rows.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { sayFailure } from '../../text/reasons.ts'

/** Height of a row of text, px; the style sheet has the same. */
const rowHeight = 20

interface Props {
  id: string
  version: string
  path: string
  size: number
  /** Where the list of files is. */
  back: string
}

type Content = { state: 'reading' } | { state: 'text'; text: string } | { state: 'none'; why: string }

/** One file: its text up to the preview limit, else why not and a way to save it. */
export const FileView = ({ id, version, path, size, back }: Props) => {
  const { readFile, saveFile } = useCommands()
  const [content, setContent] = useState<Content>({ state: 'reading' })
  useEffect(() => {
    if (size > MAX_PREVIEW_BYTES) {
      setContent({
        state: 'none',
        why: `A preview ends at ${formatBytes(MAX_PREVIEW_BYTES)}. Save the file to see it.`,
      })
      return
    }
    let wanted = true
    readFile(id, version, path).then((bytes) => {
      if (wanted) setContent(toContent(bytes))
    })
    return () => {
      wanted = false
    }
  }, [id, version, path, size, readFile])
  return (
    <section aria-label={`File ${path}`} className="file-view">
      <header className="file-view-head">
        <Link aria-label="All files" className="icon-button" href={back}>
          <Icon name="back" />
        </Link>
        <h2 className="file-view-name">{path}</h2>
        <span className="file-size">{formatBytes(size)}</span>
        {content.state === 'text' ? <CopyButton text={content.text} what="text" /> : null}
        <IconButton icon="download" label="Save file" onClick={() => saveFile(id, version, path)} />
      </header>
      {content.state === 'text' ? <Text path={path} text={content.text} /> : null}
      {content.state === 'none' ? <p className="calm-note">{content.why}</p> : null}
      {content.state === 'reading' ? <p className="page-loading">Opening…</p> : null}
    </section>
  )
}

const toContent = (bytes: Awaited<ReturnType<ReturnType<typeof useCommands>['readFile']>>): Content => {
  if (isFailureView(bytes)) {
    return bytes.name === 'ContentUnavailable' || bytes.name === 'NotInstalled'
      ? { state: 'none', why: 'This file is not here yet: install the package to read it.' }
      : { state: 'none', why: sayFailure(bytes) }
  }
  const text = decodeText(bytes)
  if (text === undefined) return { state: 'none', why: 'This is no text file. Save it to open it elsewhere.' }
  return text === '' ? { state: 'none', why: 'This file is empty.' } : { state: 'text', text }
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
    <section aria-label={`Text of ${path}`} className="text" ref={frame} tabIndex={0}>
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
