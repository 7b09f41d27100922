import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ContentManifest } from '../protocol/manifest.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createFileCheck } from './file-check.ts'
import { cutPieces } from './pieces.ts'

/** A manifest with pieces of ten bytes, so that small files span many of them. */
const pieceBytes = 10
const manifestOf = async (files: readonly Uint8Array[]): Promise<ContentManifest> => ({
  v: 1,
  files: await Promise.all(
    files.map(async (bytes, index) => ({
      path: `file-${index}`,
      size: bytes.length,
      sha256: await webCrypto.sha256(bytes),
    })),
  ),
  // The type allows only the piece size of the wire format.
  pieceSize: pieceBytes as 262144,
  size: files.reduce((sum, { length }) => sum + length, 0),
  pieces: [],
})

test('reports exactly the damaged files, and those that are incomplete', async () => {
  const files = fc.array(fc.uint8Array({ maxLength: 35 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(files, fc.infiniteStream(fc.nat()), async (contents, random) => {
      const manifest = await manifestOf(contents)
      const pieces = cutPieces(contents, pieceBytes).map((piece) => piece.slice())
      const pick = (below: number): number => (random.next().value ?? 0) % below
      const order = [...pieces.keys()].sort(() => pick(3) - 1)
      const expected = new Set(order.filter(() => pick(5) > 0))
      const broken = pieces.length > 0 && pick(2) === 0 ? pick(pieces.length) : -1
      if (broken >= 0) pieces[broken]?.fill(0x5a)
      const check = createFileCheck(manifest, expected, webCrypto.sha256)
      for (const index of order) {
        const piece = pieces[index]
        if (piece !== undefined && expected.has(index)) check.add(index, piece)
      }

      // Reference model: hashes the bytes of each file in the concatenated pieces.
      const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
      const damaged: string[] = []
      const unchecked: string[] = []
      let offset = 0
      for (const { path, size, sha256 } of manifest.files) {
        const needed = Array.from({ length: size }, (_, at) => Math.floor((offset + at) / pieceBytes))
        if (!needed.every((index) => expected.has(index))) unchecked.push(path)
        else if (Buffer.compare(await webCrypto.sha256(whole.subarray(offset, offset + size)), sha256) !== 0) {
          damaged.push(path)
        }
        offset += size
      }
      expect(await check.finish()).toEqual({ damaged: damaged.sort(), unchecked })
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('checks the hash of an empty file without a piece', async () => {
  const manifest = await manifestOf([new Uint8Array()])
  expect(await createFileCheck(manifest, new Set(), webCrypto.sha256).finish()).toEqual({ damaged: [], unchecked: [] })
  const wrong = { ...manifest, files: [{ path: 'file-0', size: 0, sha256: new Uint8Array(32) }] }
  expect((await createFileCheck(wrong, new Set(), webCrypto.sha256).finish()).damaged).toEqual(['file-0'])
})
