import * as v from 'valibot'
import { createCodec } from './codec.ts'
import type { CryptoProvider } from './crypto.ts'
import { hash, integer, mark, openRecord, shortList } from './fields.ts'
import {
  MANIFEST_MAX_BYTES,
  MANIFEST_MAX_ITEMS,
  MAX_FILES,
  MAX_PACKAGE_BYTES,
  MAX_PIECES,
  PIECE_BYTES,
} from './limits.ts'
import { findCollision, validatePath } from './paths.ts'
import { wireVersions } from './version.ts'

/**
 * The files of a content in order, and the hashes of the pieces of their concatenated bytes. A decoded manifest is
 * consistent and safe to write to any disk. Hashing the bytes shows whether they match.
 */

export interface ManifestFile {
  readonly path: string
  readonly size: number
  readonly executable?: true
  readonly sha256: Uint8Array
}

export interface ContentManifest {
  readonly v: 1
  /** Sorted by path (UTF-16 code units, like `<`). No two paths are the same file on any system. */
  readonly files: readonly ManifestFile[]
  readonly pieceSize: 262144
  /** Sum of the file sizes. */
  readonly size: number
  /** SHA-256 of each piece. All but the last have `pieceSize` bytes. */
  readonly pieces: readonly Uint8Array[]
}

const file = openRecord({
  path: v.pipe(
    v.string('a path is expected'),
    v.check((path) => validatePath(path).ok, 'the path of a file is not safe on every system'),
  ),
  size: integer(0, MAX_PACKAGE_BYTES),
  executable: v.exactOptional(mark),
  sha256: hash,
})

export const manifestCodec = createCodec<ContentManifest>({
  name: 'content manifest',
  version: wireVersions.manifest,
  maxBytes: MANIFEST_MAX_BYTES,
  maxItems: MANIFEST_MAX_ITEMS,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.manifest, 'another version is expected'),
      files: shortList(file, 1, MAX_FILES),
      pieceSize: v.literal(PIECE_BYTES, 'another size of pieces is expected'),
      size: integer(0, MAX_PACKAGE_BYTES),
      pieces: shortList(hash, 0, MAX_PIECES),
    }),
    v.check(
      ({ files }) => files.every(({ path }, i) => i === 0 || path > (files[i - 1]?.path ?? path)),
      'the files are not in the order of their paths',
    ),
    v.check(
      ({ files }) => findCollision(files.map(({ path }) => path)) === undefined,
      'two files have the same path on some system',
    ),
    v.check(
      ({ files, size }) => files.reduce((sum, entry) => sum + entry.size, 0) === size,
      'the sizes of the files do not add up',
    ),
    v.check(({ size, pieces }) => pieces.length === Math.ceil(size / PIECE_BYTES), 'the pieces do not fit the size'),
  ),
})

/** Returns the content root: SHA-256 of the encoded manifest. */
export const contentRoot = (manifestBytes: Uint8Array, crypto: Pick<CryptoProvider, 'sha256'>): Promise<Uint8Array> =>
  crypto.sha256(manifestBytes)

/** Returns the length of piece `n` (bytes), 0 if there is no such piece. */
export const pieceLength = (manifest: ContentManifest, n: number): number =>
  Number.isInteger(n) && n >= 0 && n < manifest.pieces.length
    ? Math.min(manifest.pieceSize, manifest.size - n * manifest.pieceSize)
    : 0

/** Returns the position of a file in the concatenated bytes, undefined if there is no such file. */
export const fileRange = (manifest: ContentManifest, path: string): { offset: number; size: number } | undefined => {
  let offset = 0
  for (const entry of manifest.files) {
    if (entry.path === path) return { offset, size: entry.size }
    offset += entry.size
  }
  return undefined
}
