import { expect, test } from 'vitest'
import { craftZip, mode } from '../testing/craft-zip.ts'
import { readArchive } from './read-archive.ts'
import { writeArchive } from './write-archive.ts'

test('archives are read and written in a browser, compressed or not', async () => {
  const bytes = new TextEncoder().encode('template '.repeat(1000))
  const archive = await craftZip([
    { path: 'p/a.tmpl', bytes, deflate: true },
    { path: 'p/run.sh', bytes, attributes: mode(0o100755) },
  ])
  const read = await readArchive(archive)
  expect(read).toEqual({
    folder: 'p',
    files: [
      { path: 'a.tmpl', bytes },
      { path: 'run.sh', bytes, executable: true },
    ],
    leftOut: [],
  })
  expect(await readArchive(await writeArchive(read.files))).toEqual({ ...read, folder: undefined })
})
