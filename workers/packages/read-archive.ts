import { type Entry, type FileEntry, Uint8ArrayReader, ZipReader } from '@zip.js/zip.js/lib/zip-core-custom.js'
import { Failure } from '../contract/failures.ts'
import type { FileInput } from '../contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { validatePath } from '../protocol/paths.ts'
import { checkCollisions, commonFolder } from './file-checks.ts'
import { quote } from './findings.ts'

/**
 * The files of a zip archive. What it declares is checked before anything is inflated (count, sizes, ratio, links,
 * encryption, paths), and what it really holds while it is inflated (size, checksum, overlaps), so memory stays within
 * the limits of a package whatever the archive says of itself.
 *
 * Folders and the side files of macOS are left out; where all files stand in one top folder, that is taken off and
 * named. Load this lazily: it brings the zip library along.
 *
 * @throws Failure ArchiveUnreadable, ArchiveTooLarge, TooManyFiles, LinkRefused, PathUnsafe, PathCollision
 */
export const readArchive = async (archive: Uint8Array): Promise<{ folder: string | undefined; files: FileInput[] }> => {
  if (archive.length > MAX_ARCHIVE_BYTES) {
    throw new Failure('ArchiveTooLarge', `The archive has ${archive.length} bytes; the limit is ${MAX_ARCHIVE_BYTES}.`)
  }
  const reader = new ZipReader(new Uint8ArrayReader(archive), readerOptions)
  try {
    const wanted = await listFiles(reader)
    checkDeclared(wanted)
    const top = commonFolder(wanted.map(({ path }) => path))
    const files: FileInput[] = []
    for (const { entry, path } of wanted) {
      const bytes = await inflate(entry, path)
      files.push({ path: path.slice(top.length), bytes, ...(entry.executable ? { executable: true } : {}) })
    }
    return { folder: top === '' ? undefined : top.slice(0, -1), files }
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

/** The entries that are files, each refused where it is no plain file with a safe path. */
const listFiles = async (reader: ZipReader<unknown>): Promise<WantedFile[]> => {
  const wanted: WantedFile[] = []
  let count = 0
  for await (const entry of reader.getEntriesGenerator()) {
    if (++count > MAX_ENTRIES) {
      throw new Failure(
        'TooManyFiles',
        `The archive has more than ${MAX_ENTRIES} entries; a package holds ${MAX_FILES} files.`,
      )
    }
    const path = entry.filename.normalize('NFC')
    if (isSideFile(path)) continue
    const name = quote(path)
    const type = (entry.externalFileAttributes >>> 16) & UNIX_TYPE
    if (type !== 0 && type !== UNIX_FILE && type !== UNIX_FOLDER) {
      throw new Failure(
        'LinkRefused',
        `${name} in the archive is a link or a device; a package holds plain files only.`,
      )
    }
    const valid = validatePath(path.replace(/(?<=[^/])\/$/, ''))
    if (!valid.ok) throw new Failure('PathUnsafe', valid.message)
    if (isFile(entry)) wanted.push({ entry, path })
    else if (entry.uncompressedSize > 0) throw unreadable(`${name} is a folder and holds bytes`)
  }
  return wanted
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

/** The bytes of one entry: exactly as many as it declares, or a failure after the first that is too many. */
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

/** What macOS adds beside the files: nothing of the package. */
const isSideFile = (path: string): boolean => path.startsWith('__MACOSX/') || /(?:^|\/)\.DS_Store$/.test(path)

/** A package that is stored without compression, with room for the headers of all its files. */
const MAX_ARCHIVE_BYTES = MAX_PACKAGE_BYTES + 4 * 1024 * 1024

/** Files, each with a side file and folders of its own, and something to spare; bounds the time to list them. */
const MAX_ENTRIES = 5 * MAX_FILES

/** Text compresses to a twentieth, a repeating log to a hundredth; deflate can do a thousandth. */
const MAX_RATIO = 200

/** Below this a high ratio does no harm (a file of zeros is no attack). */
const MIN_BOMB_BYTES = 32 * 1024 * 1024

// File types in the upper half of the attributes, as in stat.h.
const UNIX_TYPE = 0o170000
const UNIX_FILE = 0o100000
const UNIX_FOLDER = 0o040000
