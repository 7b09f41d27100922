import { type Entry, type FileEntry, Uint8ArrayReader, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js'
import { Failure } from '../contract/failures.ts'
import { sift } from '../contract/left-out.ts'
import type { FileInput, LeftOut } from '../contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { validatePath } from '../protocol/paths.ts'
import { checkCollisions } from './file-checks.ts'
import { quote } from './findings.ts'

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
    throw new Failure('ArchiveTooLarge', `The archive has ${archive.length} bytes; the limit is ${MAX_ARCHIVE_BYTES}.`)
  }
  const reader = new ZipReader(new Uint8ArrayReader(archive), readerOptions)
  try {
    const { folder, kept, leftOut } = sift(await listEntries(reader))
    if (kept.length > MAX_ENTRIES) {
      const message = `The archive has more than ${MAX_ENTRIES} entries; a package holds ${MAX_FILES} files.`
      throw new Failure('TooManyFiles', message)
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
    throw thrown instanceof Failure ? thrown : unreadable(reasonOf(thrown))
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
  // Paths are checked here, with our own rules and words.
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
      throw new Failure(
        'TooManyFiles',
        `The archive has more than ${MAX_LISTED} entries; a package holds ${MAX_FILES} files.`,
      )
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
  const name = quote(path)
  const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE
  if (type !== 0 && type !== UNIX_FILE && type !== UNIX_FOLDER) {
    throw new Failure('LinkRefused', `${name} in the archive is a link or a device; a package holds plain files only.`)
  }
  const valid = validatePath(path.replace(/(?<=[^/])\/$/, ''))
  if (!valid.ok) throw new Failure('PathUnsafe', valid.message)
  if (isFile(entry) && !isFolder(entry)) return [{ entry, path }]
  if (entry.uncompressedSize > 0) throw unreadable(`${name} is a folder and holds bytes`)
  return []
}

const isFile = (entry: Entry): entry is FileEntry => !entry.directory

const checkDeclared = (wanted: readonly WantedFile[]) => {
  if (wanted.length > MAX_FILES) {
    throw new Failure('TooManyFiles', `The archive has ${wanted.length} files; a package can hold ${MAX_FILES}.`)
  }
  checkCollisions(
    wanted.map(({ path }) => path),
    (_, message) => {
      throw new Failure('PathCollision', message)
    },
  )
  let size = 0
  let compressed = 0
  for (const { entry, path } of wanted) {
    if (entry.encrypted) throw unreadable(`${quote(path)} is encrypted`)
    size += entry.uncompressedSize
    compressed += entry.compressedSize
    if (size > MAX_PACKAGE_BYTES) {
      const message = `The archive inflates to more than ${MAX_PACKAGE_BYTES} bytes, which is the most a package can hold.`
      throw new Failure('ArchiveTooLarge', message)
    }
  }
  if (size > MIN_BOMB_BYTES && size > compressed * MAX_RATIO) {
    const message = `The archive inflates to ${size} bytes, more than ${MAX_RATIO} times its size, as no real package does.`
    throw new Failure('ArchiveTooLarge', message)
  }
}

/** Inflates one entry to exactly its declared size. Fails on the first excess byte. */
const inflate = async (entry: FileEntry, path: string): Promise<Uint8Array> => {
  const bytes = new Uint8Array(entry.uncompressedSize)
  let length = 0
  const sink = new WritableStream<Uint8Array>({
    write: (chunk) => {
      if (length + chunk.length > bytes.length) throw new RangeError(WRONG_SIZE)
      bytes.set(chunk, length)
      length += chunk.length
    },
  })
  try {
    await entry.getData(sink)
  } catch (thrown) {
    throw unreadable(`${quote(path)}: ${reasonOf(thrown)}`)
  }
  if (length !== bytes.length) throw unreadable(`${quote(path)}: ${WRONG_SIZE}`)
  return bytes
}

const unreadable = (reason: string): Failure =>
  new Failure('ArchiveUnreadable', `The archive cannot be read: ${reason}.`)

/** The library's words, without its capital and end; a reason of our own for the commonest. */
const reasonOf = (thrown: unknown): string => {
  const text = thrown instanceof Error ? thrown.message : ''
  if (/not recognized|end of central directory/i.test(text)) return 'it is no zip archive, or its end is missing'
  if (/uncompressed size/i.test(text)) return WRONG_SIZE
  return text === '' ? 'it is damaged' : text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '')
}

const WRONG_SIZE = 'it inflates to another size than it declares'

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
