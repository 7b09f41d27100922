import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js'
import type { FileInput } from '../contract/views.ts'

/**
 * A zip archive of files: the same bytes for the same files in every browser, so that two people can compare what they
 * exported. Hence no times, sorted paths, and no compression, whose output differs between browsers. Load this lazily:
 * it brings the zip library along.
 */
export const writeArchive = async (files: readonly FileInput[]): Promise<Uint8Array> => {
  const room = files.reduce((sum, file) => sum + file.bytes.length + file.path.length * 6 + HEADER_ROOM_BYTES, 64)
  const writer = new ZipWriter(new Uint8ArrayWriter(room), {
    useWebWorkers: false,
    level: 0,
    extendedTimestamp: false,
    // Sizes before the bytes, not after: readers of streams cannot skip stored bytes of unknown length.
    bufferedWrite: true,
    dataDescriptor: false,
  })
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const { path, bytes, executable } of sorted) {
    await writer.add(path, new Uint8ArrayReader(bytes), {
      // Any fixed moment, in local time as zip times are; not the first that zips can name, which is rounded.
      lastModDate: new Date(1980, 1, 1),
      externalFileAttributes: ((executable === true ? 0o100755 : 0o100644) << 16) >>> 0,
    })
  }
  return writer.close()
}

/** Both headers of an entry and their extra fields. */
const HEADER_ROOM_BYTES = 160
