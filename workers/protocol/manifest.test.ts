import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { manifest as anyManifest } from '../testing/arbitraries.ts'
import { PIECE_BYTES } from './limits.ts'
import { type ContentManifest, contentRoot, fileRange, manifestCodec, pieceLength } from './manifest.ts'

const hash = new Uint8Array(32)
const manifestOf = (files: [path: string, size: number][], fields: Partial<ContentManifest> = {}): ContentManifest => {
  const size = files.reduce((sum, [, bytes]) => sum + bytes, 0)
  return {
    v: 1,
    files: files.map(([path, bytes]) => ({ path, size: bytes, sha256: hash })),
    pieceSize: PIECE_BYTES,
    size,
    pieces: Array.from({ length: Math.ceil(size / PIECE_BYTES) }, () => hash),
    ...fields,
  }
}

describe('a manifest', () => {
  test.each<[string, () => ContentManifest, string]>([
    ['no file', () => manifestOf([]), 'too few entries'],
    ['1,001 files', () => manifestOf(Array.from({ length: 1001 }, (_, i) => [`${i + 1000}`, 0])), 'too many entries'],
    [
      'files out of order',
      () =>
        manifestOf([
          ['b', 1],
          ['a', 1],
        ]),
      'order of their paths',
    ],
    [
      'a file twice',
      () =>
        manifestOf([
          ['a', 1],
          ['a', 1],
        ]),
      'order of their paths',
    ],
    [
      'names equal in another case',
      () =>
        manifestOf([
          ['A', 1],
          ['a', 1],
        ]),
      'same path on some system',
    ],
    [
      'a file that is also a folder',
      () =>
        manifestOf([
          ['a', 1],
          ['a/b', 1],
        ]),
      'same path on some system',
    ],
    ['a way up', () => manifestOf([['../a', 1]]), 'not safe'],
    ['a size that is wrong', () => manifestOf([['a', 1]], { size: 2 }), 'do not add up'],
    ['a missing piece', () => manifestOf([['a', 1]], { pieces: [] }), 'pieces do not fit'],
    ['a piece too many', () => manifestOf([['a', 1]], { pieces: [hash, hash] }), 'pieces do not fit'],
    [
      'a package over the limit',
      () =>
        manifestOf([
          ['a', 60_000_000],
          ['b', 60_000_000],
        ]),
      'too large',
    ],
    ['a short hash', () => manifestOf([['a', 1]], { pieces: [new Uint8Array(31)] }), 'too few bytes'],
  ])('refuses %s', (_, make, reason) => {
    expect(() => manifestCodec.encode(make())).toThrow(reason)
  })

  test('accepts values at the limits', () => {
    const many = Array.from({ length: 1000 }, (_, i): [string, number] => [`${'é'.repeat(120)}/${i + 1000}`, 100_000])
    const bytes = manifestCodec.encode(manifestOf(many))
    expect(manifestCodec.decode(bytes).ok).toBe(true)
    expect(manifestCodec.decode(manifestCodec.encode(manifestOf([['a', 0]]))).ok).toBe(true)
  })

  test('fits paths of maximum length', () => {
    const long = Array.from({ length: 1000 }, (_, i): [string, number] => [
      `${'a'.repeat(250)}/${'b'.repeat(255)}/${i + 1000}`,
      100_000,
    ])
    expect(manifestCodec.encode(manifestOf(long)).length).toBeLessThan(manifestCodec.maxBytes)
  })
})

test('pieces and files each cover all bytes exactly once', () => {
  fc.assert(
    fc.property(anyManifest, (manifest) => {
      const pieces = manifest.pieces.map((_, n) => pieceLength(manifest, n))
      expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(manifest.size)
      for (const length of pieces.slice(0, -1)) expect(length).toBe(PIECE_BYTES)
      expect(pieces.at(-1) ?? 1).toBeGreaterThan(0)
      let offset = 0
      for (const file of manifest.files) {
        expect(fileRange(manifest, file.path)).toEqual({ offset, size: file.size })
        offset += file.size
      }
      expect(offset).toBe(manifest.size)
    }),
    { seed: 71 },
  )
})

test('a missing piece has length 0 and a missing file has no range', () => {
  const manifest = manifestOf([['a', 1]])
  for (const n of [-1, 1, 0.5, Number.NaN]) expect(pieceLength(manifest, n)).toBe(0)
  expect(fileRange(manifest, 'b')).toBeUndefined()
})

test('the root is the hash of the bytes', async () => {
  const bytes = manifestCodec.encode(manifestOf([['a', 1]]))
  expect(await contentRoot(bytes, webCrypto)).toEqual(await webCrypto.sha256(bytes))
})
