import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFailure } from '../contract/failures.ts'
import { type CraftedEntry, craftZip, mode } from '../testing/craft-zip.ts'
import { readArchive } from './read-archive.ts'
import { writeArchive } from './write-archive.ts'

const text = (content: string) => new TextEncoder().encode(content)
const numbered = (count: number): CraftedEntry[] => Array.from({ length: count }, (_, i) => ({ path: `f${i}.txt` }))

describe('readArchive', () => {
  test('reads stored and deflated files, their executable bit and empty files', async () => {
    const archive = await craftZip([
      { path: 'package.toml', bytes: text('a'.repeat(5000)), deflate: true, attributes: mode(0o100644) },
      { path: 'bin/run.sh', bytes: text('#!/bin/sh'), attributes: mode(0o100755) },
      { path: 'empty', bytes: text('') },
    ])
    expect(await readArchive(archive)).toEqual({
      folder: undefined,
      files: [
        { path: 'package.toml', bytes: text('a'.repeat(5000)) },
        { path: 'bin/run.sh', bytes: text('#!/bin/sh'), executable: true },
        { path: 'empty', bytes: text('') },
      ],
      leftOut: [],
    })
  })

  test('removes and returns a common top folder', async () => {
    const { folder, files } = await readArchive(
      await craftZip([{ path: 'orders/' }, { path: 'orders/package.toml' }, { path: 'orders/a/b.ttl' }]),
    )
    expect(folder).toBe('orders')
    expect(files.map((file) => file.path)).toEqual(['package.toml', 'a/b.ttl'])
  })

  test('keeps folders without a common top folder', async () => {
    const { folder, files } = await readArchive(await craftZip([{ path: 'a/x' }, { path: 'b/x' }, { path: 'ab' }]))
    expect(folder).toBeUndefined()
    expect(files.map((file) => file.path)).toEqual(['a/x', 'b/x', 'ab'])
  })

  test('skips only folders and files added by macOS', async () => {
    const { folder, files } = await readArchive(
      await craftZip([
        { path: 'p/' },
        { path: 'p/.DS_Store', bytes: text('x') },
        { path: '__MACOSX/p/._package.toml', bytes: text('x') },
        { path: 'p/package.toml' },
        { path: 'p/.hidden' },
        { path: 'p/x.DS_Store.txt' },
      ]),
    )
    expect(folder).toBe('p')
    expect(files.map((file) => file.path)).toEqual(['package.toml', '.hidden', 'x.DS_Store.txt'])
  })

  test('normalises names from macOS to NFC', async () => {
    const { files } = await readArchive(await craftZip([{ path: 'e\u0301.txt' }, { path: 'b.txt' }]))
    expect(files.map((file) => file.path)).toEqual(['\u00e9.txt', 'b.txt'])
  })

  test('reads 1,000 files', async () => {
    expect((await readArchive(await craftZip(numbered(1000)))).files).toHaveLength(1000)
  })

  const refused: Record<string, [() => Promise<Uint8Array>, string, object]> = {
    'a symlink': [
      () => craftZip([{ path: 'link', bytes: text('/etc/passwd'), attributes: mode(0o120777) }]),
      'LinkRefused',
      { path: 'link' },
    ],
    'a symlink whose extra field says that it is a file': [
      () =>
        craftZip([
          // An ASi extra field (0x756e) is ignored or read; the attributes decide in any case.
          { path: 'link', bytes: text('x'), attributes: mode(0o120777), extra: Uint8Array.of(0x6e, 0x75, 0, 0) },
        ]),
      'LinkRefused',
      { path: 'link' },
    ],
    'a device': [() => craftZip([{ path: 'null', attributes: mode(0o020666) }]), 'LinkRefused', { path: 'null' }],
    'a path that leads out': [() => craftZip([{ path: '../x' }]), 'PathUnsafe', { path: '../x', fault: 'dot-part' }],
    'a folder that leads out': [
      () => craftZip([{ path: '../../' }, { path: 'a' }]),
      'PathUnsafe',
      { fault: 'dot-part' },
    ],
    'an absolute path': [() => craftZip([{ path: '/etc/passwd' }]), 'PathUnsafe', { fault: 'absolute' }],
    'a drive letter': [() => craftZip([{ path: 'C:/x' }]), 'PathUnsafe', { fault: 'drive' }],
    'backslashes that lead out': [() => craftZip([{ path: 'a\\..\\..\\b' }]), 'PathUnsafe', { fault: 'dot-part' }],
    'a drive letter with backslashes': [() => craftZip([{ path: 'C:\\b' }]), 'PathUnsafe', { fault: 'drive' }],
    'a file in the root': [() => craftZip([{ path: '/x' }, { path: 'a' }]), 'PathUnsafe', { fault: 'absolute' }],
    'a name that is only a dot': [() => craftZip([{ path: '.', bytes: text('x') }]), 'PathUnsafe', { fault: 'empty' }],
    'a NUL in a path': [() => craftZip([{ path: 'a\0b' }]), 'PathUnsafe', { fault: 'hidden-character' }],
    'an empty path': [() => craftZip([{ path: '' }]), 'PathUnsafe', { fault: 'empty' }],
    'a name twice': [() => craftZip([{ path: 'a' }, { path: 'a' }]), 'PathCollision', { kind: 'twice', path: 'a' }],
    'names equal under case folding': [
      () => craftZip([{ path: 'A/x' }, { path: 'a/X' }]),
      'PathCollision',
      { kind: 'same-name', other: 'A/x' },
    ],
    'a file where a folder is needed': [
      () => craftZip([{ path: 'a' }, { path: 'a/b' }]),
      'PathCollision',
      { kind: 'file-and-folder', path: 'a/b' },
    ],
    '1,001 files': [() => craftZip(numbered(1001)), 'TooManyFiles', { count: 1001, limit: 1000 }],
    '6,000 folders': [
      () => craftZip(Array.from({ length: 6000 }, (_, i) => ({ path: `d${i}/` }))),
      'TooManyFiles',
      { entries: 5000 },
    ],
    'declared sizes over the limit': [
      () => craftZip(numbered(900).map((entry) => ({ ...entry, size: 200_000 }))),
      'ArchiveTooLarge',
      { limit: 100_000_000 },
    ],
    'a ratio that only bombs have': [
      () => craftZip([{ path: 'zeros', bytes: new Uint8Array(40 * 1024 * 1024), deflate: true }]),
      'ArchiveTooLarge',
      { ratio: 200 },
    ],
    'a header that declares less than there is': [
      () => craftZip([{ path: 'liar', bytes: new Uint8Array(1_000_000), deflate: true, size: 10 }]),
      'ArchiveUnreadable',
      { path: 'liar', fault: 'wrong-size' },
    ],
    'a header that declares more than there is': [
      () => craftZip([{ path: 'liar', bytes: text('short'), deflate: true, size: 1000 }]),
      'ArchiveUnreadable',
      { path: 'liar' },
    ],
    'a wrong checksum': [
      () => craftZip([{ path: 'a', bytes: text('abc'), crc32: 1 }]),
      'ArchiveUnreadable',
      { path: 'a' },
    ],
    'an encrypted entry': [
      () => craftZip([{ path: 'a', bytes: text('x'.repeat(20)), flags: 1 }]),
      'ArchiveUnreadable',
      { path: 'a', fault: 'encrypted' },
    ],
    'entries that share their bytes': [
      () =>
        craftZip([
          { path: 'a', bytes: text('abc') },
          { path: 'b', bytes: text('abc'), sharesDataOf: 0 },
        ]),
      'ArchiveUnreadable',
      { path: 'b' },
    ],
    'a method that nobody has': [
      () => craftZip([{ path: 'a', bytes: text('abc'), method: 99 }]),
      'ArchiveUnreadable',
      { path: 'a' },
    ],
    'a folder that holds bytes': [
      () => craftZip([{ path: 'a/', bytes: text('abc') }]),
      'ArchiveUnreadable',
      { fault: 'folder-with-bytes' },
    ],
    'more entries than there are': [() => craftZip(numbered(2), { count: 7 }), 'ArchiveUnreadable', {}],
    'a zip64 size beyond all numbers': [
      () =>
        craftZip([
          {
            path: 'a',
            bytes: text('abc'),
            size: 0xffffffff,
            extra: Uint8Array.of(1, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
          },
        ]),
      'ArchiveUnreadable',
      {},
    ],
    'a zip64 size of a terabyte': [
      () =>
        craftZip([
          { path: 'a', bytes: text('abc'), size: 0xffffffff, extra: Uint8Array.of(1, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0) },
        ]),
      'ArchiveTooLarge',
      { limit: 100_000_000 },
    ],
    'a zip64 size without its extra field': [
      () => craftZip([{ path: 'a', bytes: text('abc'), size: 0xffffffff }]),
      'ArchiveTooLarge',
      {},
    ],
    'compressed bytes beyond the end': [
      () => craftZip([{ path: 'a', bytes: text('abc'), compressedSize: 5000, size: 5000 }]),
      'ArchiveUnreadable',
      { path: 'a' },
    ],
    nothing: [async () => new Uint8Array(0), 'ArchiveUnreadable', { fault: 'not-zip' }],
    garbage: [
      async () => text('PK\x03\x04 this only begins like a zip archive'.repeat(50)),
      'ArchiveUnreadable',
      { fault: 'not-zip' },
    ],
    'an archive over the limit': [async () => new Uint8Array(105_000_000), 'ArchiveTooLarge', { bytes: 105_000_000 }],
  }

  for (const [what, [craft, name, reason]] of Object.entries(refused)) {
    test(`refuses ${what}`, async () => {
      const failure = await readArchive(await craft()).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(failure).toMatchObject({ name, reason })
      expect(isFailure(failure)).toBe(true)
    })
  }

  test('refuses an archive truncated at any position', async () => {
    const archive = await writeArchive([
      { path: 'a.txt', bytes: text('hello '.repeat(20)) },
      { path: 'b.txt', bytes: text('there') },
    ])
    for (let length = 0; length < archive.length; length++) {
      const outcome = await readArchive(archive.slice(0, length)).catch((thrown: unknown) => thrown)
      expect(outcome).toMatchObject({ name: 'ArchiveUnreadable' })
    }
  })

  test('returns the original files or a named failure after any change of one byte', async () => {
    const archive = await craftZip([
      { path: 'top/a.txt', bytes: text('hello '.repeat(30)), deflate: true, attributes: mode(0o100755) },
      { path: 'top/b.txt', bytes: text('there') },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const changed = archive.slice()
          for (const [offset, byte] of changes) changed[offset] = byte
          const outcome = await readArchive(changed).catch((thrown: unknown) => thrown)
          if (isFailure(outcome)) return
          const { files } = outcome as Awaited<ReturnType<typeof readArchive>>
          // Checksums guard the bytes; names and modes have none.
          for (const file of files)
            expect(['hello '.repeat(30), 'there', '']).toContain(new TextDecoder().decode(file.bytes))
        },
      ),
      { seed: 20261002, numRuns: 600 },
    )
  })
})
