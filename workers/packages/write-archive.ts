import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js'
import type { FileInput } from '../contract/views.ts'

/**
 * Writes a zip archive with the same bytes for the same files in every browser, so that people can compare exports.
 * Hence constant times, sorted paths and no compression, whose output differs between browsers. Import lazily: this
 * module loads the zip library.
 */
export const writeArchive = async (files: readonly FileInput[]): Promise<Uint8Array> => {
  const room = files.reduce((sum, file) => sum + file.bytes.length + file.path.length * 6 + HEADER_ROOM_BYTES, 64)
  const writer = new ZipWriter(new Uint8ArrayWriter(room), {
    useWebWorkers: false,
    level: 0,
    extendedTimestamp: false,
    // Sizes precede the bytes: streaming readers cannot skip stored bytes of unknown length.
    bufferedWrite: true,
    dataDescriptor: false,
  })
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const { path, bytes, executable } of sorted) {
    await writer.add(path, new Uint8ArrayReader(bytes), {
      // A fixed time, local like all zip times. Not the earliest zip time, which is rounded.
      lastModDate: new Date(1980, 1, 1),
      externalFileAttributes: ((executable === true ? 0o100755 : 0o100644) << 16) >>> 0,
    })
  }
  return writer.close()
}

/** Size of both headers of an entry with their extra fields (bytes). */
const HEADER_ROOM_BYTES = 160
