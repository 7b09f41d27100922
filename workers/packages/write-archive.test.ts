import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readArchive } from './read-archive.ts'
import { writeArchive } from './write-archive.ts'

const text = (content: string) => new TextEncoder().encode(content)

describe('writeArchive', () => {
  const anyFiles = fc.uniqueArray(
    fc.record({
      path: fc.stringMatching(/^[a-z]{1,8}(\/[a-zé日]{1,8}){0,2}\.txt$/),
      bytes: fc.uint8Array({ maxLength: 300 }),
      executable: fc.boolean(),
    }),
    { selector: (file) => file.path.normalize('NFC').toLowerCase(), minLength: 2, maxLength: 12 },
  )

  test('is inverted by readArchive', async () => {
    await fc.assert(
      fc.asyncProperty(anyFiles, async (files) => {
        const { folder, files: read } = await readArchive(await writeArchive(files))
        const prefix = folder === undefined ? '' : `${folder}/`
        const expected = files
          .map(({ path, bytes, executable }) => ({
            path,
            bytes: new Uint8Array(bytes),
            ...(executable ? { executable } : {}),
          }))
          .sort((a, b) => (a.path < b.path ? -1 : 1))
        expect(read.map((file) => ({ ...file, path: prefix + file.path }))).toEqual(expected)
      }),
      { seed: 20261002, numRuns: 60 },
    )
  })

  test('is independent of file order, time and time zone', async () => {
    const files = [
      { path: 'b.txt', bytes: text('b') },
      { path: 'a/run.sh', bytes: text('a'), executable: true },
    ]
    const first = await writeArchive(files)
    const zone = process.env['TZ']
    try {
      process.env['TZ'] = 'Pacific/Auckland'
      expect(await writeArchive(files.toReversed())).toEqual(first)
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
  })

  test('writes no files as an empty archive', async () => {
    expect(await readArchive(await writeArchive([]))).toEqual({ folder: undefined, files: [], leftOut: [] })
  })
})
