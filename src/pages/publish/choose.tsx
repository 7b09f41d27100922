import { type DragEvent, useRef, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { useCommands } from '../../hooks/use-app.ts'
import { canPickFolders } from '../../lib/folder-picker.ts'
import { formatBytes, formatCount } from '../../lib/format.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../../lib/limits.ts'
import { fromDrop, fromInput, isArchive, pickFolder } from '../../lib/picking.ts'

/** Has a file input take a folder; React's types do not know it. */
const wholeFolder = { webkitdirectory: '' }

/** The ways to hand in a package. The two inputs are always in the page, for browsers without a folder picker. */
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
      // The picker is there but not allowed here, as inside a frame: the input does the same.
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
      notify('error', 'What was dropped could not be read. Choose the folder with the button instead.')
    }
  }

  const takeArchive = (file: File | undefined): void => {
    if (file === undefined) return
    if (isArchive(file)) void openArchive(file)
    else notify('error', `${file.name} is no zip archive.`)
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
      <p className="drop-title">Drop a folder or a zip archive here</p>
      <div className="actions">
        <Button icon="folder" look="primary" onClick={chooseFolder}>
          Choose folder
        </Button>
        <Button icon="archive" onClick={() => archiveInput.current?.click()}>
          Choose zip
        </Button>
      </div>
      <p className="hint">
        A package has a package.toml, pack.toml, gpack.toml or package.json, at most {formatCount(MAX_FILES)} files and{' '}
        {formatBytes(MAX_PACKAGE_BYTES)}. Without a manifest you can fill in a form.
      </p>
      <input
        aria-label="Folder of a package"
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
        aria-label="Zip archive of a package"
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
