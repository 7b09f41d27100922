import { makePackage, readPackages, textFile } from './fixtures/packages.ts'
import type { Peer } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

const packages = readPackages()

/** Packages that need nothing outside the catalogue, or need one that is in it. */
const wanted = ['hello-world', 'agent-context-crafter', 'java26-virtual-thread-dao', 'multi-tenant-saas', 'sparql-cli']

const sees = async (peer: Peer, count: number): Promise<void> => {
  // The 10 s that a peer may take to see a catalogue of this size.
  await expect.poll(async () => (await peer.search({ text: '' })).total, { timeout: 10_000 }).toBe(count)
}

const hasIdenticalFiles = async (peer: Peer, slug: string): Promise<void> => {
  const original = packages.find(({ folder }) => folder === slug)
  const entry = (await peer.library()).find((each) => each.slug === slug)
  if (original === undefined || entry === undefined) throw new Error(`${slug} is not in the library`)
  expect(entry.files.map(({ path }) => path).sort()).toEqual(original.files.map(({ path }) => path).sort())
  for (const { path, base64 } of original.files) expect(await peer.readFile(entry.id, entry.version, path)).toBe(base64)
}

test('A publishes everything, B sees and installs, A leaves, C joins and installs from B', async ({ join }) => {
  test.setTimeout(180_000)
  const [a, b] = [await join(), await join()]
  for (const { files } of packages) await a.publish(files)
  await sees(b, packages.length)

  for (const slug of wanted) await b.install([slug])
  for (const slug of wanted) await hasIdenticalFiles(b, slug)

  await a.context.close()
  const c = await join()
  await sees(c, packages.length)
  for (const slug of wanted) await c.install([slug])
  for (const slug of wanted) await hasIdenticalFiles(c, slug)
})

test('two profiles of one browser trade a package', async ({ join, relay }) => {
  const alice = await join('?peer=alice')
  const page = await alice.context.newPage()
  await page.goto(`${relay.page}/?peer=bob`)
  const { engineUp, peerOf } = await import('./fixtures/peer.ts')
  await engineUp(page)
  const bob = peerOf(page)
  const [aliceStatus, bobStatus] = [await alice.status(), await bob.status()]
  expect(aliceStatus.peerId).not.toBe(bobStatus.peerId)

  const { files } = makePackage('shared-template', '1.2.0', [textFile('templates/a.tmpl', 'ünïcödé {{ name }}\n')])
  const { id } = await alice.publish(files)
  await sees(bob, 1)
  await bob.install([id])
  for (const { path, base64 } of files) expect(await bob.readFile(id, '1.2.0', path)).toBe(base64)
})
