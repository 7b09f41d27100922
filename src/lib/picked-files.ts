import { joinLeftOut, sift } from '../../workers/contract/left-out.ts'
import type { FileInput, Finding, LeftOut } from '../../workers/contract/views.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from './limits.ts'

/**
 * Picked or dropped files before any bytes are read: paths, sizes and a way to the bytes.
 *
 * Guarantees that nothing over the limits is read. Does not check paths or contents: the engine does.
 */

/** The part of `File` used here, so that tests can supply their own. */
export interface FileContent {
  readonly size: number
  arrayBuffer(): Promise<ArrayBuffer>
}

export interface PickedFile {
  path: string
  content: FileContent
}

/** Walked files, and what was skipped because it is never published. */
export interface Picked {
  files: PickedFile[]
  skipped: LeftOut[]
}

export interface PickedFolder {
  /** Common top folder; not part of the package. */
  folder?: string
  files: PickedFile[]
  leftOut: LeftOut[]
}

/** Strips the common top folder and leaves out files that never belong to a package. */
export const toPickedFolder = (picked: Picked): PickedFolder => {
  const { folder, kept, leftOut } = sift(picked.files)
  return {
    ...(folder === undefined ? {} : { folder }),
    files: kept.map(({ path, item }) => ({ path, content: item.content })),
    leftOut: joinLeftOut(picked.skipped, leftOut),
  }
}

/** Errors that forbid reading these files. */
export const findOversize = (files: readonly PickedFile[]): Finding[] => {
  const findings: Finding[] = []
  if (files.length > MAX_FILES) {
    findings.push({
      level: 'error',
      name: 'TooManyFiles',
      reason: { code: 'too-many-files', count: files.length, limit: MAX_FILES },
    })
  }
  const size = files.reduce((sum, { content }) => sum + content.size, 0)
  if (size > MAX_PACKAGE_BYTES) {
    const largest = files.reduce((a, b) => (b.content.size > a.content.size ? b : a))
    findings.push({
      level: 'error',
      name: 'PackageTooLarge',
      reason: {
        code: 'files-too-large',
        bytes: size,
        limit: MAX_PACKAGE_BYTES,
        largest: largest.path,
        largestBytes: largest.content.size,
      },
      path: largest.path,
    })
  }
  return findings
}

/** Errors that forbid reading an archive. */
export const findOversizeArchive = (name: string, size: number): Finding[] =>
  size <= MAX_PACKAGE_BYTES
    ? []
    : [
        {
          level: 'error',
          name: 'ArchiveTooLarge',
          reason: { code: 'archive-too-large', archive: name, bytes: size, limit: MAX_PACKAGE_BYTES },
        },
      ]

export const readFiles = (files: readonly PickedFile[]): Promise<FileInput[]> =>
  Promise.all(files.map(async ({ path, content }) => ({ path, bytes: new Uint8Array(await content.arrayBuffer()) })))
