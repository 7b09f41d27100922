import { afterEach, expect, test } from 'vitest'
import { manifestKey, piecePrefix } from '../content/piece-keys.ts'
import { textToRoot } from '../protocol/ids.ts'
import { createEngineNetwork, type EngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'

let network: EngineNetwork

afterEach(async () => {
  await network.stopAll()
})

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const readme = { 'README.md': text('# Kit\n') }

/** A package with a name and content new to this process. */
const needing = (slug: string, needed: string): Record<string, Uint8Array> => ({
  'package.toml': text(
    `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n[dependencies]\n${needed} = "^1.0.0"\n`,
  ),
})

const knows = (peer: EnginePeer, size: number, signal: AbortSignal): Promise<void> =>
  eventually(`${peer.name} knows ${size} packages`, async () => (await peer.status()).catalogueSize === size, signal)

/** Keys of the stored parts of a content. */
const stored = async (peer: EnginePeer, rootText: string): Promise<string[]> => {
  const root = textToRoot(rootText)
  if (!root.ok) throw new Error(root.message)
  const manifests = (await peer.disk.keys('manifests')).filter((key) => key === manifestKey(root.value))
  return [...manifests, ...(await peer.disk.keys('pieces', piecePrefix(root.value)))]
}

test('a published package survives uninstalls and a reload, and others can still install it', async ({ signal }) => {
  network = createEngineNetwork()
  let alice = await network.start('alice')
  const older = await alice.publish('kit', '1.0.0', readme)
  const newer = await alice.publish('kit', '1.1.0', readme)
  await alice.yank(newer.id, '1.1.0')
  for (const { id, version } of [older, newer]) await alice.install([`${id}@=${version}`]).catch(() => {})
  await alice.install([`${older.id}@=1.0.0`])
  expect((await alice.planUninstall(older.id, '1.0.0')).kept).toBe('published')
  await alice.uninstall(older.id, '1.0.0')
  expect(await alice.library()).toEqual([])
  expect(await alice.readFile(older.id, '1.0.0', 'README.md')).toEqual(readme['README.md'])

  await network.leave(alice)
  alice = await network.start('alice')
  await alice.install([`${older.id}@=1.0.0`])
  await alice.uninstall(older.id, '1.0.0')

  const bob = await network.start('bob')
  await bob.meet(alice)
  await knows(bob, 1, signal)
  await bob.install([`${older.id}@=1.0.0`])
  expect(await bob.readFile(older.id, '1.0.0', 'README.md')).toEqual(readme['README.md'])
  // A withdrawn version is not deleted.
  expect(await alice.readFile(newer.id, '1.1.0', 'README.md')).toEqual(readme['README.md'])
})

test('an uninstall deletes content unless it is published here or installed under another name', async ({ signal }) => {
  network = createEngineNetwork()
  const [alice, bob, carol] = await network.startMany(['alice', 'bob', 'carol'])
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('peers are missing')
  // Equal files of two publishers are one content.
  const [byAlice, byBob] = [await alice.publish('kit', '1.0.0', readme), await bob.publish('kit', '1.0.0', readme)]
  expect(byBob.root).toBe(byAlice.root)
  await carol.meet(alice, bob)
  await bob.meet(alice)
  for (const peer of [alice, bob, carol]) await knows(peer, 2, signal)

  await bob.install([byAlice.id])
  await bob.uninstall(byAlice.id, '1.0.0')
  expect(await bob.readFile(byBob.id, '1.0.0', 'README.md')).toEqual(readme['README.md'])

  await carol.install([byAlice.id])
  await carol.install([byBob.id])
  expect((await carol.planUninstall(byAlice.id, '1.0.0')).kept).toBe('installed')
  await carol.uninstall(byAlice.id, '1.0.0')
  expect(await carol.verify(byBob.id, '1.0.0')).toEqual({ ok: true, damaged: [] })
  expect(await carol.planUninstall(byBob.id, '1.0.0')).toEqual({ breaks: [] })
  await carol.uninstall(byBob.id, '1.0.0')
  expect(await stored(carol, byBob.root)).toEqual([])
  await expect(carol.uninstall(byBob.id, '1.0.0')).rejects.toMatchObject({ name: 'NotInstalled' })
  // It can be installed again.
  await carol.install([byAlice.id])
  expect(await carol.verify(byAlice.id, '1.0.0')).toEqual({ ok: true, damaged: [] })
})

test('uninstalling a needed package names its dependents and removes nothing, unless forced', async () => {
  network = createEngineNetwork()
  const alice = await network.start('alice')
  const kit = await alice.publish('kit', '1.0.0')
  const web = await alice.publish('web', '1.0.0', needing('web', 'kit'))
  const top = await alice.publish('top', '1.0.0', needing('top', 'web'))
  await alice.install([top.id])
  const { breaks } = await alice.planUninstall(kit.id, '1.0.0')
  expect(breaks.map(({ id, version }) => `${id}@${version}`)).toEqual([`${web.id}@1.0.0`, `${top.id}@1.0.0`])
  const refused = alice.uninstall(kit.id, '1.0.0')
  await expect(refused).rejects.toMatchObject({
    name: 'NeededByOthers',
    reason: { code: 'needed-by-others', package: 'kit', dependents: ['web 1.0.0', 'top 1.0.0'], more: 0 },
  })
  expect((await alice.library()).map(({ slug }) => slug).sort()).toEqual(['kit', 'top', 'web'])
  await alice.uninstall(kit.id, '1.0.0', { force: true })
  expect((await alice.library()).map(({ slug }) => slug).sort()).toEqual(['top', 'web'])
  // A package without dependents needs no force.
  await alice.uninstall(top.id, '1.0.0')
  await alice.uninstall(web.id, '1.0.0')
  expect(await alice.library()).toEqual([])
})

test('an uninstall removes cached files, and the metrics count the reads', async ({ signal }) => {
  network = createEngineNetwork()
  const [alice, bob] = await network.startMany(['alice', 'bob'])
  if (alice === undefined || bob === undefined) throw new Error('peers are missing')
  const { id } = await alice.publish('kit', '1.0.0', readme)
  await bob.meet(alice)
  await knows(bob, 1, signal)
  await bob.install([id])
  for (let n = 0; n < 3; n += 1) {
    expect((await bob.describe(id)).files?.map(({ path }) => path)).toContain('README.md')
    expect(await bob.readFile(id, '1.0.0', 'README.md')).toEqual(readme['README.md'])
  }
  expect(await bob.metrics()).toMatchObject({
    'cache_hits_total{tier="hot"}': 4,
    'cache_hits_total{tier="cold"}': 2,
    'cache_kind_hits_total{kind="manifest",tier="hot"}': 2,
    'cache_kind_hits_total{kind="file",tier="hot"}': 2,
    'cache_kind_hits_total{kind="package",tier="hot"}': 0,
    cache_memory_hit_rate: 4 / 6,
    cache_memory_best_hit_rate: 4 / 6,
  })
  await bob.uninstall(id, '1.0.0')
  expect((await bob.describe(id)).files).toBeUndefined()
  await expect(bob.readFile(id, '1.0.0', 'README.md')).rejects.toMatchObject({ name: 'ContentUnavailable' })
})
