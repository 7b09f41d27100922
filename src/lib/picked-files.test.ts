import { describe, expect, test } from 'vitest'
import * as protocol from '../../workers/protocol/limits.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from './limits.ts'
import { findOversize, findOversizeArchive, type PickedFile, readFiles, toPickedFolder } from './picked-files.ts'

const file = (path: string, size = 1): PickedFile => ({
  path,
  content: { size, arrayBuffer: async () => new Uint8Array(size).fill(7).buffer },
})

test('the limits are those of the protocol', () => {
  expect([MAX_FILES, MAX_PACKAGE_BYTES]).toEqual([protocol.MAX_FILES, protocol.MAX_PACKAGE_BYTES])
})

describe('a folder', () => {
  test('gives its name, and paths inside it', () => {
    const { folder, files } = toPickedFolder({
      files: [file('hello/package.toml'), file('hello/a/b.txt')],
      skipped: [],
    })
    expect(folder).toBe('hello')
    expect(files.map(({ path }) => path)).toEqual(['package.toml', 'a/b.txt'])
  })

  test('that is no common one is left as it is', () => {
    const { folder, files } = toPickedFolder({ files: [file('hello/package.toml'), file('hello.txt')], skipped: [] })
    expect(folder).toBeUndefined()
    expect(files.map(({ path }) => path)).toEqual(['hello/package.toml', 'hello.txt'])
  })

  test('that is empty has no name and no files', () => {
    expect(toPickedFolder({ files: [], skipped: [] })).toEqual({ files: [], leftOut: [] })
  })

  test('loses what never belongs to a package, and says so', () => {
    const { files, leftOut } = toPickedFolder({
      files: [file('p/package.toml'), file('p/.git/HEAD'), file('p/a/.DS_Store'), file('p/.gitignore')],
      skipped: [{ name: 'node_modules', reason: 'dependencies', files: 1_000, atLeast: true }],
    })
    expect(files.map(({ path }) => path)).toEqual(['package.toml', '.gitignore'])
    expect(leftOut).toEqual([
      { name: '.DS_Store', reason: 'system', files: 1 },
      { name: '.git', reason: 'version-control', files: 1 },
      { name: 'node_modules', reason: 'dependencies', files: 1_000, atLeast: true },
    ])
  })
})

describe('sizes', () => {
  test('at the limits are fine', () => {
    expect(
      findOversize(Array.from({ length: MAX_FILES }, (_, n) => file(`f${n}`, MAX_PACKAGE_BYTES / MAX_FILES))),
    ).toEqual([])
    expect(findOversizeArchive('a.zip', MAX_PACKAGE_BYTES)).toEqual([])
    expect(findOversize([])).toEqual([])
  })

  test('above them name the limit, and the largest file', () => {
    const many = findOversize(Array.from({ length: MAX_FILES + 1 }, (_, n) => file(`f${n}`)))
    expect(many).toMatchObject([{ level: 'error', name: 'TooManyFiles', reason: { limit: MAX_FILES } }])
    const large = findOversize([file('small', 1), file('data/large.bin', MAX_PACKAGE_BYTES)])
    expect(large).toMatchObject([{ level: 'error', name: 'PackageTooLarge', path: 'data/large.bin' }])
    expect(findOversizeArchive('a.zip', MAX_PACKAGE_BYTES + 1)).toMatchObject([{ name: 'ArchiveTooLarge' }])
  })
})

test('reading keeps paths and bytes', async () => {
  expect(await readFiles([file('a', 2)])).toEqual([{ path: 'a', bytes: new Uint8Array([7, 7]) }])
})
