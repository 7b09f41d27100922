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
 * The files of a zip archive. What it declares is checked before anything is inflated (count, sizes, ratio, links,
 * encryption, paths), and what it really holds while it is inflated (size, checksum, overlaps), so memory stays within
 * the limits of a package whatever the archive says of itself.
 *
 * What never belongs to a package is left out before anything is asked of it, so it counts towards no limit but that of
 * the list. Where all files stand in one top folder, that is taken off and named. Windows' backslashes and `./` are read
 * as what they mean. Load this lazily: it brings the zip library along.
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

/** What the archive lists, but for folders, which say nothing that the files in them do not. */
const listEntries = async (reader: ZipReader<unknown>): Promise<ListedEntry[]> => {
  const listed: ListedEntry[] = []
  let count = 0
  for await (const entry of reader.getEntriesGenerator()) {
    if (++count > MAX_LISTED) {
      throw tooManyEntries(MAX_LISTED)
    }
    const path = toPath(entry.filename)
    // The folder that everything stands in.
    if (path === '' && isFolder(entry)) continue
    listed.push({ entry, path })
  }
  return listed
}

/** A name as it is meant: Windows' slashes, `./` before and within, and macOS' way to write accents. */
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

/** The bytes of one entry: exactly as many as it declares, or a failure after the first that is too many. */
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

/** A package that is stored without compression, with room for the headers of all its files. */
const MAX_ARCHIVE_BYTES = MAX_PACKAGE_BYTES + 4 * 1024 * 1024

/** Files and folders that are not left out: each file with folders of its own, and something to spare. */
const MAX_ENTRIES = 5 * MAX_FILES

/** Entries in all, about 1 KB each: a project with its installed dependencies and its history has tens of thousands. */
const MAX_LISTED = 100_000

/** Text compresses to a twentieth, a repeating log to a hundredth; deflate can do a thousandth. */
const MAX_RATIO = 200

/** Below this a high ratio does no harm (a file of zeros is no attack). */
const MIN_BOMB_BYTES = 32 * 1024 * 1024

// File types in the upper half of the attributes, as in stat.h.
const UNIX_TYPE = 0o170000
const UNIX_FILE = 0o100000
const UNIX_FOLDER = 0o040000
