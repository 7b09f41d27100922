import { type Entry, type FileEntry, Uint8ArrayReader, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js'
import { Failure } from '../contract/failures.ts'
import { sift } from '../contract/left-out.ts'
import type { FailureReason } from '../contract/reasons.ts'
import type { FileInput, LeftOut } from '../contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { findPathFault } from '../protocol/paths.ts'
import { checkCollisions } from './file-checks.ts'

export interface ReadArchive {
  folder: string | undefined
  files: FileInput[]
  leftOut: LeftOut[]
}

/**
 * Reads the files of a zip archive. Declared values are checked before inflating (count, sizes, ratio, links,
 * encryption, paths), actual values while inflating (size, checksum, overlaps), so memory stays within the limits of a
 * package whatever the archive declares.
 *
 * Files that never belong to a package are excluded before any check, so they count only towards the entry limit. A
 * common top folder is removed and returned. Backslashes and `./` are normalised. Import lazily: this module loads the
 * zip library.
 *
 * @throws Failure ArchiveUnreadable, ArchiveTooLarge, TooManyFiles, LinkRefused, PathUnsafe, PathCollision
 */
export const readArchive = async (archive: Uint8Array): Promise<ReadArchive> => {
  if (archive.length > MAX_ARCHIVE_BYTES) {
    throw new Failure('ArchiveTooLarge', {
      code: 'archive-file-too-large',
      bytes: archive.length,
      limit: MAX_ARCHIVE_BYTES,
    })
  }
  const reader = new ZipReader(new Uint8ArrayReader(archive), readerOptions)
  try {
    const { folder, kept, leftOut } = sift(await listEntries(reader))
    if (kept.length > MAX_ENTRIES) {
      throw tooManyEntries(MAX_ENTRIES)
    }
    const wanted = kept.flatMap(({ item }) => toWanted(item))
    checkDeclared(wanted)
    const top = folder === undefined ? 0 : folder.length + 1
    const files: FileInput[] = []
    for (const { entry, path } of wanted) {
      const bytes = await inflate(entry, path)
      files.push({ path: path.slice(top), bytes, ...(entry.executable ? { executable: true } : {}) })
    }
    return { folder, files, leftOut }
  } catch (thrown) {
    throw thrown instanceof Failure ? thrown : unreadable(faultOf(thrown))
  } finally {
    await reader.close()
  }
}

interface WantedFile {
  entry: FileEntry
  path: string
}

const readerOptions = {
  useWebWorkers: false,
  checkCrc32: true,
  checkOverlappingEntry: true,
  // Paths are checked here, with our own rules.
  filenameValidation: 'tolerant',
} as const

interface ListedEntry {
  entry: Entry
  path: string
}

/** Lists the entries of the archive. */
const listEntries = async (reader: ZipReader<unknown>): Promise<ListedEntry[]> => {
  const listed: ListedEntry[] = []
  let count = 0
  for await (const entry of reader.getEntriesGenerator()) {
    if (++count > MAX_LISTED) {
      throw tooManyEntries(MAX_LISTED)
    }
    const path = toPath(entry.filename)
    // The root folder.
    if (path === '' && isFolder(entry)) continue
    listed.push({ entry, path })
  }
  return listed
}

/** Normalises Windows' slashes, `./` segments and macOS' decomposed accents. */
const toPath = (filename: string): string => {
  const parts = filename.replaceAll('\\', '/').normalize('NFC').split('/')
  const path = parts.filter((part) => part !== '.').join('/')
  return /^\/+$/.test(path) ? '' : path
}

const isFolder = ({ directory, filename, uncompressedSize }: Entry): boolean =>
  directory || (/[/\\]$/.test(filename) && uncompressedSize === 0)

/** An entry as the file that it is, nothing for a folder; refused unless it is a plain file with a safe path. */
const toWanted = ({ entry, path }: ListedEntry): WantedFile[] => {
  const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE
  if (type !== 0 && type !== UNIX_FILE && type !== UNIX_FOLDER) {
    throw new Failure('LinkRefused', { code: 'archive-has-link', path })
  }
  const name = path.replace(/(?<=[^/])\/$/, '')
  const fault = findPathFault(name)
  if (fault !== undefined) throw new Failure('PathUnsafe', { code: 'path-unsafe', path: name, fault })
  if (isFile(entry) && !isFolder(entry)) return [{ entry, path }]
  if (entry.uncompressedSize > 0) throw unreadable({ fault: 'folder-with-bytes' }, path)
  return []
}

const isFile = (entry: Entry): entry is FileEntry => !entry.directory

const checkDeclared = (wanted: readonly WantedFile[]) => {
  if (wanted.length > MAX_FILES) {
    throw new Failure('TooManyFiles', { code: 'too-many-files', count: wanted.length, limit: MAX_FILES })
  }
  checkCollisions(
    wanted.map(({ path }) => path),
    (_, reason) => {
      throw new Failure('PathCollision', reason)
    },
  )
  let size = 0
  let compressed = 0
  for (const { entry, path } of wanted) {
    if (entry.encrypted) throw unreadable({ fault: 'encrypted' }, path)
    size += entry.uncompressedSize
    compressed += entry.compressedSize
    if (size > MAX_PACKAGE_BYTES) {
      throw new Failure('ArchiveTooLarge', { code: 'archive-inflates-too-far', limit: MAX_PACKAGE_BYTES })
    }
  }
  if (size > MIN_BOMB_BYTES && size > compressed * MAX_RATIO) {
    throw new Failure('ArchiveTooLarge', { code: 'archive-ratio-too-high', bytes: size, ratio: MAX_RATIO })
  }
}

/** Inflates one entry to exactly its declared size. Fails on the first excess byte. */
const inflate = async (entry: FileEntry, path: string): Promise<Uint8Array> => {
  const bytes = new Uint8Array(entry.uncompressedSize)
  let length = 0
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => {
      if (length + chunk.length > bytes.length) throw new RangeError(wrongSize)
      bytes.set(chunk, length)
      length += chunk.length
    },
  })
  try {
    await entry.getData(sink)
  } catch (thrown) {
    throw unreadable(faultOf(thrown), path)
  }
  if (length !== bytes.length) throw unreadable({ fault: 'wrong-size' }, path)
  return bytes
}

type ArchiveFault = Pick<Extract<FailureReason, { code: 'archive-unreadable' }>, 'fault' | 'detail'>

const unreadable = (fault: ArchiveFault, path?: string): Failure =>
  new Failure('ArchiveUnreadable', { code: 'archive-unreadable', path, ...fault })

const tooManyEntries = (entries: number): Failure =>
  new Failure('TooManyFiles', { code: 'archive-has-too-many-entries', entries, files: MAX_FILES })

/** The library's words, where we have no code for them. */
const faultOf = (thrown: unknown): ArchiveFault => {
  const detail = thrown instanceof Error ? thrown.message : ''
  if (/not recognized|end of central directory/i.test(detail)) return { fault: 'not-zip' }
  if (detail === wrongSize || /uncompressed size/i.test(detail)) return { fault: 'wrong-size' }
  return detail === '' ? { fault: 'damaged' } : { fault: 'other', detail }
}

const wrongSize = 'wrong size'

/** An uncompressed package of maximum size with the headers of all its files (bytes). */
const MAX_ARCHIVE_BYTES = MAX_PACKAGE_BYTES + 4 * 1024 * 1024

/** Files and folders after exclusions: leaves room for several folders per file. */
const MAX_ENTRIES = 5 * MAX_FILES

/** All entries, about 1 KB each: a project with installed dependencies and history has tens of thousands. */
const MAX_LISTED = 100_000

/** Text compresses 20-fold, a repetitive log 100-fold; deflate can reach 1,000-fold. */
const MAX_RATIO = 200

/** Size below which a high ratio is harmless, such as a file of zeros (bytes). */
const MIN_BOMB_BYTES = 32 * 1024 * 1024

// File types in the upper half of the attributes, as in stat.h.
const UNIX_TYPE = 0o170000
const UNIX_FILE = 0o100000
const UNIX_FOLDER = 0o040000
