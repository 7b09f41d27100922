import { Failure, type FailureName } from '../contract/failures.ts'
import type { DamageReason } from '../contract/reasons.ts'
import type { FileInput } from '../contract/views.ts'
import { sameBytes } from '../protocol/bytes.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { RecordError } from '../protocol/decoded.ts'
import { fromHex, rootToText } from '../protocol/ids.ts'
import { PIECE_BYTES } from '../protocol/limits.ts'
import { type ContentManifest, contentRoot, fileRange, manifestCodec, pieceLength } from '../protocol/manifest.ts'
import { createLruMap } from '../stack/lru-map.ts'
import type { Change, Store } from '../store/store.ts'
import { batchReads } from './batch-reads.ts'
import { createFileCheck, type FileCheck } from './file-check.ts'
import { manifestKey, pieceKey, piecePrefix, readPieceKey } from './piece-keys.ts'
import { cutPieces } from './pieces.ts'

/** Files with the manifest that holds their hashes. */
export interface HashedContent {
  /** In manifest order. */
  files: readonly FileInput[]
  manifest: ContentManifest
}

/** Content prepared for storage but not yet stored. Pieces are views of the files where possible. */
export interface StagedContent extends HashedContent {
  root: Uint8Array
  manifestBytes: Uint8Array
  pieces: Uint8Array[]
  size: number
}

declare const checked: unique symbol

/** A piece whose size and hash match its manifest; only `checkPiece` creates one. */
export interface CheckedPiece {
  readonly index: number
  readonly bytes: Uint8Array
  readonly [checked]: true
}

export type ManifestOutcome =
  | { ok: true; value: ContentManifest }
  /** `PieceInvalid`: the bytes do not hash to `root`. Any other name: they do, but are not a valid manifest. */
  | { ok: false; name: FailureName; message: string }

export interface DamagedFile {
  path: string
  reason: DamageReason
}

export interface ContentStore {
  /**
   * Cuts and hashes files. The caller must not modify the bytes before writing `changes`, nor those of `earlier` after
   * hashing them: files with the same bytes objects in the same positions are not hashed again.
   * @throws Failure when no peer would accept the package (too large, unsafe paths, no files).
   */
  stage(files: readonly FileInput[], earlier?: HashedContent): Promise<StagedContent>
  /** Changes that store staged content, to be written atomically with records that refer to it. */
  changes(staged: StagedContent): Change[]
  /** Undefined when not stored. */
  manifest(root: Uint8Array): Promise<ContentManifest | undefined>
  manifestBytes(root: Uint8Array): Promise<Uint8Array | undefined>
  /** Numbers of the missing pieces, ascending; undefined when the manifest is missing. */
  missingPieces(root: Uint8Array): Promise<number[] | undefined>
  /** Whether the manifest and every piece are stored. */
  has(root: Uint8Array): Promise<boolean>
  /** Reads and verifies one piece. A damaged one is removed, so that it is fetched again, and reads as undefined. */
  piece(root: Uint8Array, index: number): Promise<Uint8Array | undefined>
  putManifest(root: Uint8Array, bytes: Uint8Array): Promise<ManifestOutcome>
  /** Undefined when the bytes are not that piece. */
  checkPiece(manifest: ContentManifest, index: number, bytes: Uint8Array): Promise<CheckedPiece | undefined>
  /** Checks files as their pieces arrive; `expected` holds the pieces that will. */
  checkFiles(manifest: ContentManifest, expected: ReadonlySet<number>): FileCheck
  /** Stores all pieces or none. @throws Failure `QuotaExceeded`, `StorageUnavailable`. */
  putPieces(root: Uint8Array, pieces: readonly CheckedPiece[]): Promise<void>
  /** @throws Failure `ContentUnavailable` (incomplete), `InvalidArgument` (no such path), `FileInvalid`. */
  readFile(root: Uint8Array, path: string): Promise<Uint8Array>
  /** Reads and hashes all stored bytes; removes damaged pieces. @throws Failure `ContentUnavailable` (no manifest). */
  verify(root: Uint8Array): Promise<DamagedFile[]>
  remove(root: Uint8Array): Promise<void>
  /** Changes that remove content, to be written atomically with its references; call `forget` after that write. */
  removal(root: Uint8Array): Promise<Change[]>
  /** Drops the cached manifest of a root and reports the loss. */
  forget(root: Uint8Array): void
  /** Roots whose content is complete. */
  completeRoots(): Promise<Uint8Array[]>
}

export interface ContentStoreDependencies {
  store: Store
  crypto: Pick<CryptoProvider, 'sha256'>
  /** Reports content that is no longer complete: deleted, or found damaged or missing. */
  onLost?(root: Uint8Array): void
}

/** Bytes read or hashed at a time: WebCrypto and IndexedDB copy their input. */
const batchBytes = 2 * 1024 * 1024
const batchPieces = batchBytes / PIECE_BYTES

/** Decoded manifests in the LRU cache; serving a piece needs one. The largest takes about 1 MiB. */
const cachedManifests = 16

/**
 * Stores the content of packages: manifests and pieces, by root (32 bytes).
 *
 * Guarantees: verifies every read against the hash chain from `root`. Not guaranteed: that stored content stays; the
 * browser, the user or a damaged disk may remove it.
 */
export const createContentStore = ({ store, crypto, onLost = () => {} }: ContentStoreDependencies): ContentStore => {
  const manifestByKey = createLruMap<ContentManifest>(cachedManifests)

  /** Grows with each loss: what was read before one may be gone. */
  let losses = 0

  const forget = (root: Uint8Array): void => {
    losses += 1
    manifestByKey.delete(manifestKey(root))
    onLost(root)
  }

  const openManifest = async (root: Uint8Array, bytes: Uint8Array): Promise<ManifestOutcome> => {
    const tooLarge = bytes.length > manifestCodec.maxBytes
    if (tooLarge || !sameBytes(await contentRoot(bytes, crypto), root)) {
      return { ok: false, name: 'PieceInvalid', message: `These bytes are not the manifest of ${rootToText(root)}.` }
    }
    return manifestCodec.decode(bytes)
  }

  const readManifest = async (root: Uint8Array): Promise<{ bytes: Uint8Array; value: ContentManifest } | undefined> => {
    const lossesBefore = losses
    const bytes = await store.get('manifests', manifestKey(root))
    if (bytes === undefined) return undefined
    const opened = await openManifest(root, bytes)
    if (opened.ok) {
      // A manifest that was deleted meanwhile and is kept in memory would not be stored by the next install.
      if (losses === lossesBefore) manifestByKey.set(manifestKey(root), opened.value)
      return { bytes, value: opened.value }
    }
    forget(root)
    await store.write([{ table: 'manifests', key: manifestKey(root), value: undefined }])
    return undefined
  }

  const manifestBytes = async (root: Uint8Array): Promise<Uint8Array | undefined> => (await readManifest(root))?.bytes

  const manifest = async (root: Uint8Array): Promise<ContentManifest | undefined> =>
    manifestByKey.get(manifestKey(root)) ?? (await readManifest(root))?.value

  const hashAll = async (parts: readonly Uint8Array[]): Promise<Uint8Array[]> => {
    const hashes: Uint8Array[] = []
    while (hashes.length < parts.length) {
      let end = hashes.length
      for (let bytes = 0; end < parts.length && (bytes === 0 || bytes < batchBytes); end += 1) {
        bytes += parts[end]?.length ?? 0
      }
      hashes.push(...(await Promise.all(parts.slice(hashes.length, end).map(crypto.sha256))))
    }
    return hashes
  }

  /** Hashes of all parts in order; hashes only parts for which `knownHash` returns undefined. */
  const hashMissing = async (
    parts: readonly Uint8Array[],
    knownHash: (part: Uint8Array, at: number) => Uint8Array | undefined,
  ): Promise<Uint8Array[]> => {
    const found = parts.map(knownHash)
    const missing = await hashAll(parts.filter((_part, at) => found[at] === undefined))
    return found.map((hash) => hash ?? missing.shift() ?? new Uint8Array())
  }

  const isPiece = async (of: ContentManifest, index: number, bytes: Uint8Array): Promise<boolean> => {
    const hash = of.pieces[index]
    return hash !== undefined && bytes.length === pieceLength(of, index) && sameBytes(await crypto.sha256(bytes), hash)
  }

  const getPiece = batchReads((keys) => store.getMany('pieces', keys))

  /** Reads and verifies pieces, in the order of `indices`; removes damaged ones. */
  const readPieces = async (
    root: Uint8Array,
    of: ContentManifest,
    indices: readonly number[],
  ): Promise<(Uint8Array | undefined)[]> => {
    const keys = indices.map((index) => pieceKey(root, index))
    const read = await Promise.all(keys.map(getPiece))
    const damaged: Change[] = []
    const pieces = await Promise.all(
      read.map(async (bytes, at) => {
        if (bytes === undefined || (await isPiece(of, indices[at] ?? -1, bytes))) return bytes
        damaged.push({ table: 'pieces', key: keys[at] ?? '', value: undefined })
        return undefined
      }),
    )
    if (damaged.length > 0) onLost(root)
    await store.write(damaged)
    return pieces
  }

  const missingPieces = async (root: Uint8Array): Promise<number[] | undefined> => {
    const of = await manifest(root)
    if (of === undefined) return undefined
    const held = new Set(await store.keys('pieces', piecePrefix(root)))
    return [...of.pieces.keys()].filter((index) => !held.has(pieceKey(root, index)))
  }

  const requireManifest = async (root: Uint8Array): Promise<ContentManifest> => {
    const of = await manifest(root)
    if (of === undefined) throw new Failure('ContentUnavailable', { code: 'content-not-here', root: rootToText(root) })
    return of
  }

  const removal = async (root: Uint8Array): Promise<Change[]> => [
    { table: 'manifests', key: manifestKey(root), value: undefined },
    ...(await store.keys('pieces', piecePrefix(root))).map(
      (key): Change => ({ table: 'pieces', key, value: undefined }),
    ),
  ]

  return {
    manifest,
    manifestBytes,
    missingPieces,

    async stage(files, earlier) {
      const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
      const contents = sorted.map(({ bytes }) => bytes)
      const pieces = cutPieces(contents)
      const hashByFile = new Map(earlier?.files.map(({ bytes }, at) => [bytes, earlier.manifest.files[at]?.sha256]))
      const fileHashes = await hashMissing(contents, (bytes) => hashByFile.get(bytes))
      const same = earlier === undefined ? 0 : countUnchangedPieces(earlier, contents, pieces.length)
      const content: ContentManifest = {
        v: 1,
        files: sorted.map(({ path, bytes, executable }, at) => ({
          path,
          size: bytes.length,
          ...(executable === true ? { executable } : {}),
          sha256: fileHashes[at] ?? new Uint8Array(),
        })),
        pieceSize: PIECE_BYTES,
        size: contents.reduce((sum, { length }) => sum + length, 0),
        pieces: await hashMissing(pieces, (_piece, at) => (at < same ? earlier?.manifest.pieces[at] : undefined)),
      }
      const bytes = encodeManifest(content)
      const root = await contentRoot(bytes, crypto)
      return { root, files: sorted, manifest: content, manifestBytes: bytes, pieces, size: content.size }
    },

    changes: ({ root, manifestBytes: bytes, pieces }) => [
      { table: 'manifests', key: manifestKey(root), value: bytes },
      ...pieces.map((piece, index): Change => ({ table: 'pieces', key: pieceKey(root, index), value: piece })),
    ],

    async has(root) {
      return (await missingPieces(root))?.length === 0
    },

    async piece(root, index) {
      const of = await manifest(root)
      if (of === undefined || pieceLength(of, index) === 0) return undefined
      return (await readPieces(root, of, [index]))[0]
    },

    async putManifest(root, bytes) {
      const opened = await openManifest(root, bytes)
      if (!opened.ok) return opened
      await store.write([{ table: 'manifests', key: manifestKey(root), value: bytes }])
      manifestByKey.set(manifestKey(root), opened.value)
      return opened
    },

    async checkPiece(of, index, bytes) {
      return (await isPiece(of, index, bytes)) ? ({ index, bytes } as CheckedPiece) : undefined
    },

    checkFiles: (of, expected) => createFileCheck(of, expected, crypto.sha256),

    putPieces: (root, pieces) =>
      store.write(
        pieces.map(({ index, bytes }): Change => ({ table: 'pieces', key: pieceKey(root, index), value: bytes })),
      ),

    async readFile(root, path) {
      const of = await requireManifest(root)
      const range = fileRange(of, path)
      if (range === undefined) throw new Failure('InvalidArgument', { code: 'no-such-file', path })
      const bytes = new Uint8Array(range.size)
      const first = Math.floor(range.offset / of.pieceSize)
      const end = Math.ceil((range.offset + range.size) / of.pieceSize)
      for (let from = first; range.size > 0 && from < end; from += batchPieces) {
        const indices = integers(from, Math.min(end, from + batchPieces))
        for (const [at, piece] of (await readPieces(root, of, indices)).entries()) {
          if (piece === undefined) {
            throw new Failure('ContentUnavailable', { code: 'file-incomplete', path })
          }
          const start = (from + at) * of.pieceSize - range.offset
          const part = piece.subarray(Math.max(0, -start), Math.min(piece.length, range.size - start))
          bytes.set(part, Math.max(0, start))
        }
      }
      const sha256 = of.files.find((file) => file.path === path)?.sha256
      if (sha256 === undefined || !sameBytes(await crypto.sha256(bytes), sha256)) {
        throw new Failure('FileInvalid', { code: 'file-mismatch', path })
      }
      return bytes
    },

    async verify(root) {
      // A cached manifest must not hide one that is missing or damaged on disk.
      manifestByKey.delete(manifestKey(root))
      const of = await requireManifest(root).catch((error: unknown) => {
        onLost(root)
        throw error
      })
      const expected = new Set(of.pieces.keys())
      const files = createFileCheck(of, expected, crypto.sha256)
      for (let from = 0; from < of.pieces.length; from += batchPieces) {
        const indices = integers(from, Math.min(of.pieces.length, from + batchPieces))
        for (const [at, piece] of (await readPieces(root, of, indices)).entries()) {
          if (piece !== undefined) files.add(from + at, piece)
        }
      }
      const { damaged, unchecked } = await files.finish()
      if (damaged.length + unchecked.length > 0) onLost(root)
      return [
        ...damaged.map((path): DamagedFile => ({ path, reason: { code: 'bytes-differ' } })),
        ...unchecked.map((path): DamagedFile => ({ path, reason: { code: 'part-missing' } })),
      ]
    },

    removal,
    forget,

    async remove(root) {
      await store.write(await removal(root))
      forget(root)
    },

    async completeRoots() {
      const heldByRoot = new Map<string, number>()
      for (const key of await store.keys('pieces')) {
        const rootHex = readPieceKey(key)?.rootHex
        if (rootHex !== undefined) heldByRoot.set(rootHex, (heldByRoot.get(rootHex) ?? 0) + 1)
      }
      const roots: Uint8Array[] = []
      for (const key of await store.keys('manifests')) {
        const root = fromHex(key)
        if (!root.ok) continue
        const of = await manifest(root.value)
        if (of !== undefined && of.pieces.length === (heldByRoot.get(key) ?? 0)) roots.push(root.value)
      }
      return roots
    },
  }
}

/** The part of staged content needed to stage the same files again without hashing; holds no pieces. */
export const stagedHashes = ({ files, manifest }: StagedContent): HashedContent => ({ files, manifest })

/** Number of leading pieces, of `count`, that lie entirely in unchanged bytes. */
const countUnchangedPieces = (
  { files, manifest }: HashedContent,
  contents: readonly Uint8Array[],
  count: number,
): number => {
  let bytes = 0
  let same = 0
  while (same < contents.length && contents[same] === files[same]?.bytes) {
    bytes += contents[same]?.length ?? 0
    same += 1
  }
  // The last piece may be shorter.
  const isAll = same === contents.length && same === files.length
  return isAll ? count : Math.floor(bytes / manifest.pieceSize)
}

const encodeManifest = (content: ContentManifest): Uint8Array => {
  try {
    return manifestCodec.encode(content)
  } catch (thrown) {
    throw thrown instanceof RecordError
      ? new Failure(thrown.name, { code: 'record-refused', detail: thrown.message })
      : thrown
  }
}

/** Integers from `from` (inclusive) to `end` (exclusive). */
const integers = (from: number, end: number): number[] => Array.from({ length: end - from }, (_, at) => from + at)
