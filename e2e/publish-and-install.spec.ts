import { hasRealPackages, readPackages } from './fixtures/packages.ts'
import { openPeer, type Peer } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

const packages = readPackages()

/** Packages whose dependencies, if any, are in the catalogue. */
const chosen = ['hello-world', 'agent-context-crafter', 'java26-virtual-thread-dao', 'multi-tenant-saas', 'sparql-cli']

const sees = async (peer: Peer, count: number): Promise<void> => {
  await expect.poll(async () => (await peer.search({ text: '' })).total).toBe(count)
}

const hasIdenticalFiles = async (peer: Peer, slug: string): Promise<void> => {
  const original = packages.find(({ folder }) => folder === slug)
  const entry = (await peer.library()).find((each) => each.slug === slug)
  if (original === undefined || entry === undefined) throw new Error(`${slug} is not in the library`)
  expect(entry.files.map(({ path }) => path).sort()).toEqual(original.files.map(({ path }) => path).sort())
  for (const { path, base64 } of original.files) expect(await peer.readFile(entry.id, entry.version, path)).toBe(base64)
}

/** A publishes everything, B installs some, A leaves, and C arrives later and installs from B. */
const publishAndInstall = async (
  a: Peer,
  b: Peer,
  closeA: () => Promise<void>,
  openC: () => Promise<Peer>,
): Promise<void> => {
  for (const { files } of packages) await a.publish(files)
  await sees(b, packages.length)
  for (const slug of chosen) await b.install([slug])
  for (const slug of chosen) await hasIdenticalFiles(b, slug)

  await closeA()
  const c = await openC()
  await sees(c, packages.length)
  for (const slug of chosen) await c.install([slug])
  for (const slug of chosen) await hasIdenticalFiles(c, slug)
}

test('three browsers exchange all packages over one relay', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  await publishAndInstall(a, b, () => a.context.close(), join)
})

test('three profiles of one browser exchange all packages', async ({ join, relay }) => {
  const a = await join('?peer=alice')
  const open = (name: string) => openPeer(a.context, `${relay.page}/?peer=${name}`)
  const b = await open('bob')
  expect((await a.status()).peerId).not.toBe((await b.status()).peerId)
  await publishAndInstall(a, b, a.close, () => open('carol'))
})

test('a check reports the findings of unusual packages', async ({ join }) => {
  test.skip(!hasRealPackages, 'The real packages are not next to the project.')
  const a = await join()
  const findings = async (folder: string): Promise<string> => {
    const files = packages.find((each) => each.folder === folder)?.files ?? []
    const found = await a.page.evaluate(async (files) => {
      const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      const check = await window.ggen.check(files.map(({ path, base64 }) => ({ path, bytes: bytesOf(base64) })))
      const dependencies = check.dependencies.map(({ name, kind }) => `${kind} ${name}`)
      return { ok: check.ok, messages: [...check.findings.map(({ message }) => message), ...dependencies] }
    }, files)
    expect(found.ok).toBe(true)
    return found.messages.join('\n')
  }
  // Requires an unpublished package.
  expect(await findings('clinical-trials-management')).toContain('healthcare-core')
  // Its manifest names missing files.
  expect(await findings('academic-bibliography-manager')).toContain('bibtex-parser.rs')
  // Dependencies that are crates.
  expect(await findings('sparql-cli')).toContain('external spargebra')
  // Dependencies that are paths.
  expect(await findings('banking-core')).toContain('asset ontology/banking_core.ttl')
})
