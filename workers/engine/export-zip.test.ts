import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, type EngineNetwork } from '../testing/network.ts'

let network: EngineNetwork

afterEach(async () => {
  await network.stopAll()
})

const files = {
  'README.md': new TextEncoder().encode('# Kit\n'),
  'templates/größe.tera': new Uint8Array(300_000).map((_, at) => at & 0xff),
  'empty.txt': new Uint8Array(0),
}

test('an exported archive holds the files of the package and publishes as the same content', async () => {
  network = createEngineNetwork()
  const alice = await network.start('alice')
  const { id, root } = await alice.publish('kit', '1.0.0', files)
  await alice.install([id])
  const archive = await alice.exportZip(id, '1.0.0')
  const read = await alice.readArchive(archive)
  expect(read.leftOut).toEqual([])
  const byPath = Object.fromEntries(read.files.map(({ path, bytes }) => [path, bytes]))
  expect(Object.keys(byPath).sort()).toEqual(['package.toml', ...Object.keys(files)].sort())
  for (const [path, bytes] of Object.entries(files)) expect(byPath[path]).toEqual(bytes)

  const draft = await alice.openDraft(read.files, { fields: { version: '1.0.1' } })
  expect(draft.check.ok).toBe(true)
  expect((await alice.publishDraft(draft.id, { dryRun: true })).root).toBe(root)
})

test('only installed, undamaged packages are exported', async () => {
  network = createEngineNetwork()
  const alice = await network.start('alice')
  const { id } = await alice.publish('kit', '1.0.0', files)
  await expect(alice.exportZip(id, '1.0.0')).rejects.toMatchObject({ name: 'NotInstalled' })
  await alice.install([id])
  await expect(alice.exportZip(id, '2.0.0')).rejects.toMatchObject({ name: 'NotInstalled' })
  const [key] = await alice.disk.keys('pieces')
  if (key === undefined) throw new Error('There are no pieces.')
  await alice.disk.write([{ table: 'pieces', key, value: new Uint8Array(9) }])
  await expect(alice.exportZip(id, '1.0.0')).rejects.toMatchObject({ name: 'ContentUnavailable' })
})
