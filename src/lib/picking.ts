import { askForFolder } from './folder-picker.ts'
import { MAX_FILES } from './limits.ts'
import { isNeverPublished, type Picked } from './picked-files.ts'

/**
 * The three ways by which files come into the page: a file input, the File System Access API and a drop.
 *
 * Walking stops soon after the limit on files, so that a home folder dropped by mistake does not stop the page; folders
 * that never belong to a package are not walked.
 */

/** A drop is either one archive or files. */
export type Dropped = { kind: 'archive'; file: File } | { kind: 'files'; picked: Picked }

/** One more than allowed is enough to refuse. */
const walkLimit = MAX_FILES + 1

export const fromInput = (list: FileList): Picked => ({
  files: Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, content: file })),
  skipped: [],
})

/** Asks for a folder to read; undefined when the person closes the picker. */
export const pickFolder = async (): Promise<Picked | undefined> => {
  const folder = await askForFolder('read')
  if (folder === undefined) return undefined
  const picked: Picked = { files: [], skipped: [] }
  await walkHandle(folder, `${folder.name}/`, picked)
  return picked
}

/** Must be called in the drop event itself: the items are gone when it returns. */
export const fromDrop = (transfer: DataTransfer): Promise<Dropped> => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  const [single, ...others] = [...transfer.files]
  if (single !== undefined && others.length === 0 && entries.every(({ isFile }) => isFile) && isArchive(single)) {
    return Promise.resolve({ kind: 'archive', file: single })
  }
  // Files that a script or another page put into the drop have no entries.
  if (entries.length === 0) return Promise.resolve({ kind: 'files', picked: fromInput(transfer.files) })
  return walkEntries(entries).then((picked) => ({ kind: 'files', picked }))
}

export const isArchive = ({ name, type }: File): boolean =>
  name.toLowerCase().endsWith('.zip') || type === 'application/zip' || type === 'application/x-zip-compressed'

const walkHandle = async (folder: FileSystemDirectoryHandle, prefix: string, picked: Picked): Promise<void> => {
  for await (const handle of folder.values()) {
    if (picked.files.length >= walkLimit) return
    const path = `${prefix}${handle.name}`
    if (isNeverPublished(handle.name)) picked.skipped.push(handle.name)
    else if (handle instanceof FileSystemFileHandle) picked.files.push({ path, content: await handle.getFile() })
    else if (handle instanceof FileSystemDirectoryHandle) await walkHandle(handle, `${path}/`, picked)
  }
}

const walkEntries = async (entries: readonly FileSystemEntry[]): Promise<Picked> => {
  const picked: Picked = { files: [], skipped: [] }
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (picked.files.length >= walkLimit) return
    if (isNeverPublished(entry.name)) picked.skipped.push(entry.name)
    else if (isFileEntry(entry)) {
      const content = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
      picked.files.push({ path: entry.fullPath.replace(/^\//, ''), content })
    } else if (isFolderEntry(entry)) {
      for (const child of await childrenOf(entry)) await walk(child)
    }
  }
  for (const entry of entries) await walk(entry)
  return picked
}

const isFileEntry = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolderEntry = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** `readEntries` answers at most 100 at a time, and an empty list at the end. */
const childrenOf = async (folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> => {
  const reader = folder.createReader()
  const children: FileSystemEntry[] = []
  while (children.length < walkLimit) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    children.push(...some)
  }
  return children
}
