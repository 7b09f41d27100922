import { type DragEvent, useRef, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { canPickFolders } from '../../lib/folder-picker.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../../lib/limits.ts'
import { fromDrop, fromInput, isArchive, pickFolder } from '../../lib/picking.ts'
import { formatBytes } from '../../text/format.ts'
import { publishText } from '../../text/publish.ts'

/** Makes a file input accept a folder; missing from React's types. */
const wholeFolder = { webkitdirectory: '' }

/** Choose or drop a package. Both inputs are always present, for browsers without a folder picker. */
export const Choose = () => {
  const { openFiles, openArchive, notify } = useCommands()
  const folderInput = useRef<HTMLInputElement>(null)
  const archiveInput = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)

  const chooseFolder = async (): Promise<void> => {
    if (!canPickFolders()) return folderInput.current?.click()
    try {
      const picked = await pickFolder()
      if (picked !== undefined) await openFiles(picked)
    } catch {
      // The picker is forbidden here, for example inside a frame; the input does the same.
      folderInput.current?.click()
    }
  }

  const drop = async (event: DragEvent): Promise<void> => {
    event.preventDefault()
    setOver(false)
    try {
      const dropped = await fromDrop(event.dataTransfer)
      await (dropped.kind === 'archive' ? openArchive(dropped.file) : openFiles(dropped.picked))
    } catch {
      notify('error', publishText.dropFailed)
    }
  }

  const takeArchive = (file: File | undefined): void => {
    if (file === undefined) return
    if (isArchive(file)) void openArchive(file)
    else notify('error', publishText.notZip({ name: file.name }))
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the buttons do the same by keyboard
    <div
      className={over ? 'drop drop-over' : 'drop'}
      onDragLeave={() => setOver(false)}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDrop={drop}
    >
      <Icon className="drop-icon" name="folder" />
      <p className="drop-title">{publishText.drop}</p>
      <div className="actions">
        <Button icon="folder" look="primary" onClick={chooseFolder}>
          {publishText.chooseFolder}
        </Button>
        <Button icon="archive" onClick={() => archiveInput.current?.click()}>
          {publishText.chooseZip}
        </Button>
      </div>
      <p className="hint">{publishText.requirements({ files: MAX_FILES, size: formatBytes(MAX_PACKAGE_BYTES) })}</p>
      <input
        aria-label={publishText.folderInput}
        hidden
        onChange={({ target }) => {
          if (target.files !== null) void openFiles(fromInput(target.files))
          target.value = ''
        }}
        ref={folderInput}
        type="file"
        {...wholeFolder}
      />
      <input
        accept=".zip,application/zip"
        aria-label={publishText.zipInput}
        hidden
        onChange={({ target }) => {
          takeArchive(target.files?.[0])
          target.value = ''
        }}
        ref={archiveInput}
        type="file"
      />
    </div>
  )
}
