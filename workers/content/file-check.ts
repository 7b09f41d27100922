import { sameBytes } from '../protocol/bytes.ts'
import type { Sha256 } from '../protocol/crypto.ts'
import type { ContentManifest } from '../protocol/manifest.ts'

type ManifestFile = ContentManifest['files'][number]

export interface FileCheck {
  /** Adds one piece, in any order, each once; reads the bytes before it returns. */
  add(piece: number, bytes: Uint8Array): void
  /** Waits for pending hashes. */
  finish(): Promise<FileCheckResult>
}

export interface FileCheckResult {
  /** Paths of complete files whose SHA-256 differs from the manifest. */
  damaged: string[]
  /** Paths of files with missing pieces. */
  unchecked: string[]
}

/**
 * Checks the SHA-256 of each file as its pieces arrive, so that stored pieces need not be read again at the end.
 *
 * WebCrypto hashes only whole buffers, so a file that spans pieces is buffered until it is complete. With pieces roughly
 * in order that takes little more than the largest file. Files that need a piece outside `expected` are not buffered.
 */
export const createFileCheck = (
  manifest: ContentManifest,
  expected: ReadonlySet<number>,
  sha256: Sha256,
): FileCheck => {
  const { files, pieceSize } = manifest
  const offsets = fileOffsets(files)
  const buffered = new Map<number, { bytes: Uint8Array; left: number }>()
  const damaged: string[] = []
  const unchecked = new Set<string>()
  const hashing: Promise<void>[] = []

  const check = (file: ManifestFile, bytes: Uint8Array): void => {
    unchecked.delete(file.path)
    const hashed = sha256(bytes).then((digest) => {
      if (!sameBytes(digest, file.sha256)) damaged.push(file.path)
    })
    // `finish` awaits it; this prevents an unhandled rejection until then.
    hashed.catch(() => {})
    hashing.push(hashed)
  }

  const willBeComplete = (index: number, size: number): boolean => {
    const offset = offsets[index] ?? 0
    const last = Math.floor((offset + size - 1) / pieceSize)
    for (let piece = Math.floor(offset / pieceSize); piece <= last; piece += 1) if (!expected.has(piece)) return false
    return true
  }

  for (const [index, file] of files.entries()) {
    unchecked.add(file.path)
    if (file.size === 0) check(file, new Uint8Array())
    else if (willBeComplete(index, file.size)) buffered.set(index, { bytes: new Uint8Array(), left: file.size })
  }

  return {
    add(piece, bytes) {
      const start = piece * pieceSize
      const end = start + bytes.length
      for (let index = fileAt(offsets, start); index < files.length; index += 1) {
        const file = files[index]
        const offset = offsets[index] ?? 0
        if (file === undefined || offset >= end) return
        const state = buffered.get(index)
        if (state === undefined) continue
        const part = bytes.subarray(Math.max(0, offset - start), Math.min(bytes.length, offset + file.size - start))
        if (part.length === file.size) {
          buffered.delete(index)
          check(file, part)
          continue
        }
        if (state.bytes.length === 0) state.bytes = new Uint8Array(file.size)
        state.bytes.set(part, Math.max(0, start - offset))
        state.left -= part.length
        if (state.left > 0) continue
        buffered.delete(index)
        check(file, state.bytes)
      }
    },

    async finish() {
      await Promise.all(hashing)
      return { damaged: damaged.sort(), unchecked: [...unchecked] }
    },
  }
}

/** Offset of each file in the concatenated bytes. */
const fileOffsets = (files: readonly ManifestFile[]): number[] => {
  let offset = 0
  return files.map(({ size }) => {
    const start = offset
    offset += size
    return start
  })
}

/** Index of the last file that starts at or before `position`: skips empty files at the same offset. */
const fileAt = (offsets: readonly number[], position: number): number => {
  let low = 0
  let high = offsets.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((offsets[middle] ?? 0) <= position) low = middle
    else high = middle
  }
  return low
}
