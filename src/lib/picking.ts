import { askForFolder } from './folder-picker.ts'
import { MAX_FILES } from './limits.ts'
import type { Picked, PickedFile } from './picked-files.ts'
import { type Folder, walkFolder } from './walk-folder.ts'

/**
 * The three sources of files: a file input, the File System Access API and a drop.
 *
 * Walking stops soon after the file limit, so that a home folder dropped by mistake does not freeze the page; folders that
 * never belong to a package are not walked.
 */

/** A drop is either one archive or files. */
export type Dropped = { kind: 'archive'; file: File } | { kind: 'files'; picked: Picked }

/** Maximum entries read per folder, including entries that are left out. */
const childLimit = 4 * MAX_FILES

export const fromInput = (list: FileList): Picked => ({
  files: Array.from(list, (file) => ({ path: file.webkitRelativePath || file.name, content: file })),
  skipped: [],
})

/** Asks for a folder to read; undefined if the picker is closed. */
export const pickFolder = async (): Promise<Picked | undefined> => {
  const folder = await askForFolder('read')
  if (folder === undefined) return undefined
  return walkFolder(toFolder(folder))
}

/** Must be called synchronously in the drop event: its items are gone afterwards. */
export const fromDrop = (transfer: DataTransfer): Promise<Dropped> => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  const [single, ...others] = [...transfer.files]
  if (single !== undefined && others.length === 0 && entries.every(({ isFile }) => isFile) && isArchive(single)) {
    return Promise.resolve({ kind: 'archive', file: single })
  }
  // Files added to the drop by a script have no entries.
  if (entries.length === 0) return Promise.resolve({ kind: 'files', picked: fromInput(transfer.files) })
  return walkEntries(entries).then((picked) => ({ kind: 'files', picked }))
}

export const isArchive = ({ name, type }: File): boolean =>
  name.toLowerCase().endsWith('.zip') || type === 'application/zip' || type === 'application/x-zip-compressed'

const toFolder = (handle: FileSystemDirectoryHandle): Folder => ({
  name: handle.name,
  async *children() {
    for await (const child of handle.values()) {
      if (child instanceof FileSystemFileHandle) yield { name: child.name, open: () => child.getFile() }
      else if (child instanceof FileSystemDirectoryHandle) yield toFolder(child)
    }
  },
})

/** Items dropped side by side have no common folder. */
const walkEntries = (entries: readonly FileSystemEntry[]): Promise<Picked> =>
  walkFolder({
    name: '',
    async *children() {
      for (const entry of entries) {
        const node = toNode(entry)
        if (node !== undefined) yield node
      }
    },
  })

const toNode = (
  entry: FileSystemEntry,
): Folder | { name: string; open(): Promise<PickedFile['content']> } | undefined => {
  if (isFileEntry(entry)) {
    return { name: entry.name, open: () => new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }
  }
  if (!isFolderEntry(entry)) return undefined
  return {
    name: entry.name,
    async *children() {
      for (const child of await childrenOf(entry)) {
        const node = toNode(child)
        if (node !== undefined) yield node
      }
    },
  }
}

const isFileEntry = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isFolderEntry = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

/** `readEntries` returns at most 100 entries per call, and an empty list at the end. */
const childrenOf = async (folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> => {
  const reader = folder.createReader()
  const children: FileSystemEntry[] = []
  while (children.length < childLimit) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) break
    children.push(...some)
  }
  return children
}
