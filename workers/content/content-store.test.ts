import fc from 'fast-check'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { FileInput } from '../contract/views.ts'
import { manifestCodec } from '../protocol/manifest.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { failureName, isSame } from '../testing/store-compliance.ts'
import { type ContentStore, createContentStore, stagedHashes } from './content-store.ts'
import { manifestKey, pieceKey } from './piece-keys.ts'

const pieceBytes = 262_144
const patterned = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 31 + (index >> 16) * 13 + seed) & 0xff)
const file = (path: string, bytes: Uint8Array): FileInput => ({ path, bytes })

let store: Store
let content: ContentStore

beforeEach(() => {
  store = createMemoryStore()
  content = createContentStore({ store, crypto: webCrypto })
})

/** Stages and stores files; returns the root. */
const put = async (files: readonly FileInput[]): Promise<Uint8Array> => {
  const staged = await content.stage(files)
  await store.write(content.changes(staged), { durability: 'strict' })
  return staged.root
}

/** Flips one bit of a stored piece. */
const damage = async (root: Uint8Array, piece: number): Promise<void> => {
  const key = pieceKey(root, piece)
  const bytes = await store.get('pieces', key)
  if (bytes === undefined) throw new Error('no such piece')
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  await store.write([{ table: 'pieces', key, value: bytes }])
}

describe('staging', () => {
  test('round-trips files of sizes around the piece size', async () => {
    const sizes = [0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes + 7, 0]
    const files = sizes.map((size, index) => file(`folder/${9 - index}.bin`, patterned(size, index)))
    const root = await put(files)
    for (const { path, bytes } of files) expect(isSame(await content.readFile(root, path), bytes)).toBe(true)
    expect((await content.manifest(root))?.files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).sort())
    expect(await content.verify(root)).toEqual([])
  })

  test('staging again yields the same content as staging from scratch, and hashes only new bytes', async () => {
    const sha256 = vi.fn(webCrypto.sha256)
    const counting = createContentStore({ store, crypto: { sha256 } })
    const sizes = [0, 1, 9, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2 * pieceBytes]
    const pool = sizes.map((size, seed) => patterned(size, seed))
    const some = fc.uniqueArray(fc.record({ path: fc.constantFrom('a', 'b', 'c', 'd', 'e'), of: fc.nat(6) }), {
      selector: ({ path }) => path,
      minLength: 1,
    })
    const toFiles = (list: readonly { path: string; of: number }[]): FileInput[] =>
      list.map(({ path, of }) => file(path, pool[of] ?? new Uint8Array()))
    await fc.assert(
      fc.asyncProperty(some, some, async (before, after) => {
        const earlier = await counting.stage(toFiles(before))
        sha256.mockClear()
        const staged = await counting.stage(toFiles(after), stagedHashes(earlier))
        const hashed = sha256.mock.calls.length
        const anew = await content.stage(toFiles(after))
        expect(staged.root).toEqual(anew.root)
        expect(staged.manifest).toEqual(anew.manifest)
        sha256.mockClear()
        await counting.stage(toFiles(after), stagedHashes(staged))
        expect(sha256).toHaveBeenCalledTimes(1)
        expect(hashed).toBeLessThanOrEqual(after.length + anew.pieces.length + 1)
      }),
      { seed: 7, numRuns: 150 },
    )
  })

  test('a package of one empty file has no pieces and is complete', async () => {
    const root = await put([file('empty', new Uint8Array())])
    expect(await content.missingPieces(root)).toEqual([])
    expect(await content.has(root)).toBe(true)
    expect(await content.readFile(root, 'empty')).toEqual(new Uint8Array())
    expect(await content.verify(root)).toEqual([])
    expect(await content.completeRoots()).toEqual([root])
  })

  test('the root does not depend on the order of files', async () => {
    const files = [file('b', patterned(10)), file('a', patterned(20)), file('c', patterned(30))]
    const one = await content.stage(files)
    const other = await content.stage(files.toReversed())
    expect(other.root).toEqual(one.root)
    expect((await content.stage([file('b', patterned(11))])).root).not.toEqual(one.root)
    expect(one.root).toEqual(await webCrypto.sha256(one.manifestBytes))
  })

  test('keeps the mode bit', async () => {
    const { manifest } = await content.stage([
      { path: 'run.sh', bytes: patterned(3), executable: true },
      { path: 'text', bytes: patterned(3), executable: false },
    ])
    expect(manifest.files.map(({ executable }) => executable)).toEqual([true, undefined])
  })

  test('stores nothing, and rejects packages that no peer would accept', async () => {
    await content.stage([file('a', patterned(10))])
    expect(await store.keys('manifests')).toEqual([])
    expect(await failureName(content.stage([]))).toBe('RecordMalformed')
    expect(await failureName(content.stage([file('../a', patterned(1))]))).toBe('RecordMalformed')
  })

  test('matches the reference model for arbitrary files', async () => {
    const contents = fc.array(fc.integer({ min: 0, max: 2 * pieceBytes }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(contents, async (sizes) => {
        const files = sizes.map((size, index) => file(`f${index}`, patterned(size, index)))
        const { manifest, pieces, size } = await content.stage(files)
        const whole = Buffer.concat(files.map(({ bytes }) => bytes))
        expect(size).toBe(whole.length)
        for (const [index, piece] of pieces.entries()) {
          const expected = whole.subarray(index * pieceBytes, (index + 1) * pieceBytes)
          expect(Buffer.compare(piece, expected)).toBe(0)
          expect(manifest.pieces[index]).toEqual(await webCrypto.sha256(expected))
        }
        expect(pieces).toHaveLength(Math.ceil(whole.length / pieceBytes))
      }),
      { seed: 2, numRuns: 20 },
    )
  })
})

describe('reading', () => {
  test('a damaged piece reads as absent, is removed, and counts as missing', async () => {
    const root = await put([file('a', patterned(3 * pieceBytes))])
    await damage(root, 1)
    expect(await content.has(root)).toBe(true)
    expect(await content.piece(root, 1)).toBeUndefined()
    expect(await store.get('pieces', pieceKey(root, 1))).toBeUndefined()
    expect(await content.missingPieces(root)).toEqual([1])
    expect(await content.has(root)).toBe(false)
    expect(await content.completeRoots()).toEqual([])
    expect((await content.piece(root, 2))?.length).toBe(pieceBytes)
  })

  test('a piece of the wrong length and out-of-range numbers read as absent', async () => {
    const root = await put([file('a', patterned(10))])
    await store.write([{ table: 'pieces', key: pieceKey(root, 0), value: patterned(9) }])
    for (const index of [0, 1, -1, 0.5, Number.NaN]) expect(await content.piece(root, index)).toBeUndefined()
    expect(await content.piece(new Uint8Array(32), 0)).toBeUndefined()
  })

  test('a damaged manifest reads as absent and is removed', async () => {
    const staged = await content.stage([file('a', patterned(10))])
    const bytes = staged.manifestBytes.slice()
    bytes[5] = (bytes[5] ?? 0) ^ 1
    await store.write([{ table: 'manifests', key: manifestKey(staged.root), value: bytes }])
    expect(await content.manifest(staged.root)).toBeUndefined()
    expect(await content.manifestBytes(staged.root)).toBeUndefined()
    expect(await store.keys('manifests')).toEqual([])
    expect(await content.missingPieces(staged.root)).toBeUndefined()
  })

  test('names the failure when a file cannot be read', async () => {
    const root = await put([file('a', patterned(pieceBytes)), file('b', patterned(pieceBytes))])
    await damage(root, 1)
    expect(await content.readFile(root, 'a')).toHaveLength(pieceBytes)
    expect(await failureName(content.readFile(root, 'b'))).toBe('ContentUnavailable')
    expect(await failureName(content.readFile(root, 'c'))).toBe('InvalidArgument')
    expect(await failureName(content.readFile(new Uint8Array(32), 'a'))).toBe('ContentUnavailable')
  })

  test('verify reports each damaged file once', async () => {
    const root = await put([
      file('a', patterned(100)),
      file('b', patterned(2 * pieceBytes)),
      file('c', patterned(10 * pieceBytes)),
      file('d', new Uint8Array()),
    ])
    await damage(root, 1)
    await store.write([{ table: 'pieces', key: pieceKey(root, 9), value: undefined }])
    expect((await content.verify(root)).map(({ path }) => path)).toEqual(['b', 'c'])
    expect(await content.missingPieces(root)).toEqual([1, 9])
  })

  test('detects a wrong file hash in a manifest although all pieces match', async () => {
    const staged = await content.stage([file('a', patterned(10)), file('b', patterned(20))])
    const [first, second] = staged.manifest.files
    if (first === undefined || second === undefined) throw new Error('two files were staged')
    const malformed = manifestCodec.encode({
      ...staged.manifest,
      files: [first, { ...second, sha256: new Uint8Array(32) }],
    })
    const root = await webCrypto.sha256(malformed)
    expect((await content.putManifest(root, malformed)).ok).toBe(true)
    for (const [index, bytes] of staged.pieces.entries()) {
      await store.write([{ table: 'pieces', key: pieceKey(root, index), value: bytes }])
    }
    expect(await failureName(content.readFile(root, 'b'))).toBe('FileInvalid')
    expect((await content.verify(root)).map(({ path }) => path)).toEqual(['b'])
  })
})

describe('storing received content', () => {
  test('accepts only a valid manifest that matches its root', async () => {
    const { root, manifestBytes } = await content.stage([file('a', patterned(10))])
    const other = await content.putManifest(new Uint8Array(32), manifestBytes)
    expect(other).toMatchObject({ ok: false, name: 'PieceInvalid' })
    const garbage = patterned(100)
    const invalid = await content.putManifest(await webCrypto.sha256(garbage), garbage)
    expect(invalid).toMatchObject({ ok: false, name: 'RecordMalformed' })
    expect(await content.putManifest(root, new Uint8Array(2_000_000))).toMatchObject({ name: 'PieceInvalid' })
    expect(await store.keys('manifests')).toEqual([])
    expect((await content.putManifest(root, manifestBytes)).ok).toBe(true)
    expect(await content.missingPieces(root)).toEqual([0])
  })

  test('checks the number, size and hash of a piece', async () => {
    const { manifest, pieces } = await content.stage([file('a', patterned(pieceBytes + 5))])
    const [first, last] = pieces
    if (first === undefined || last === undefined) throw new Error('there are two pieces')
    expect(await content.checkPiece(manifest, 0, first)).toBeDefined()
    expect(await content.checkPiece(manifest, 1, first)).toBeUndefined()
    expect(await content.checkPiece(manifest, 1, last.subarray(1))).toBeUndefined()
    expect(await content.checkPiece(manifest, 2, last)).toBeUndefined()
  })

  test('content is complete after its last piece, and gone after remove', async () => {
    const { root, manifest, manifestBytes, pieces } = await content.stage([file('a', patterned(3 * pieceBytes))])
    const keep = await put([file('other', patterned(10))])
    await content.putManifest(root, manifestBytes)
    for (const index of [2, 0, 1]) {
      expect(await content.has(root)).toBe(false)
      const checked = await content.checkPiece(manifest, index, pieces[index] ?? new Uint8Array())
      if (checked !== undefined) await content.putPieces(root, [checked])
    }
    expect(await content.has(root)).toBe(true)
    expect(await content.completeRoots()).toHaveLength(2)
    await content.remove(root)
    expect(await content.manifest(root)).toBeUndefined()
    expect(await store.keys('pieces')).toEqual([pieceKey(keep, 0)])
    expect(await content.completeRoots()).toEqual([keep])
  })

  test('a manifest that is deleted while it is read is not kept, so that the next install stores it', async () => {
    const hashed = Promise.withResolvers<void>()
    let isSlow = false
    content = createContentStore({
      store,
      crypto: {
        async sha256(bytes) {
          if (isSlow) await hashed.promise
          return webCrypto.sha256(bytes)
        },
      },
    })
    const root = await put([file('a', patterned(9))])
    isSlow = true
    const reading = content.manifest(root)
    await content.remove(root)
    hashed.resolve()
    expect((await reading)?.files).toHaveLength(1)
    expect(await content.manifest(root)).toBeUndefined()
    expect(await content.missingPieces(root)).toBeUndefined()
  })

  test('knows more manifests than it keeps decoded', async () => {
    const roots: Uint8Array[] = []
    for (let index = 0; index < 40; index += 1) roots.push(await put([file('a', patterned(10, index))]))
    expect(await content.completeRoots()).toHaveLength(40)
    for (const root of roots) expect(await content.has(root)).toBe(true)
  })
})
