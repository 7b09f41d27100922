import { afterEach, expect, test } from 'vitest'
import { piecePrefix } from '../content/piece-keys.ts'
import { Failure } from '../contract/failures.ts'
import type { TransferView } from '../contract/views.ts'
import { textToRoot } from '../protocol/ids.ts'
import { PIECE_BYTES } from '../protocol/limits.ts'
import { createEngineNetwork, type EngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'

let network: EngineNetwork

afterEach(async () => {
  await network.stopAll()
})

const bigFile = (seed: number): Uint8Array => new Uint8Array(700_000).map((_, at) => (at * seed + (at >> 8)) & 0xff)

const manifestOf = (slug: string, needs = ''): Uint8Array =>
  new TextEncoder().encode(`[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "x"\n${needs}`)

/** `web` needs `kit`; both have several pieces. */
const publishBoth = async (peer: EnginePeer) => ({
  kit: await peer.publish('kit', '1.0.0', { 'package.toml': manifestOf('kit'), 'big.bin': bigFile(3) }),
  web: await peer.publish('web', '1.0.0', {
    'package.toml': manifestOf('web', '[dependencies]\nkit = "^1.0.0"\n'),
    'big.bin': bigFile(5),
  }),
})

const knows = (peer: EnginePeer, size: number, signal: AbortSignal): Promise<void> =>
  eventually(`${peer.name} knows ${size} packages`, async () => (await peer.status()).catalogueSize === size, signal)

const transfersOf = (peer: EnginePeer): TransferView[] =>
  peer.updates.flatMap((update) => (update.kind === 'transfer' ? update.transfer : []))

const slugsOf = async (peer: EnginePeer): Promise<string[]> => (await peer.library()).map(({ slug }) => slug).sort()

test('an install reports each state once, in order, and its bytes grow monotonically to the total', async ({
  signal,
}) => {
  network = createEngineNetwork()
  const [alice, bob] = await network.startMany(['alice', 'bob'])
  if (alice === undefined || bob === undefined) throw new Error('peers are missing')
  const { kit, web } = await publishBoth(alice)
  await bob.meet(alice)
  await knows(bob, 2, signal)
  const { packages, bytes: planned } = await bob.planInstall([web.id])
  expect(packages.map(({ slug, installed }) => [slug, installed]).sort()).toEqual([
    ['kit', false],
    ['web', false],
  ])

  const result = await bob.install([web.id], { transferId: 't' })
  expect(result.bytes).toBe(planned)
  expect(result.installed.map(({ root }) => root).sort()).toEqual([kit.root, web.root].sort())
  const whole = packages.reduce((sum, { size }) => sum + size, 0)
  await eventually('it is reported as done', () => transfersOf(bob).at(-1)?.state === 'done', signal)
  const reports = transfersOf(bob)
  const states = reports.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1])
  // Updates of one tick are posted as one, so a short state may be skipped.
  const order = ['resolving', 'finding', 'fetching', 'verifying', 'done']
  expect(states).toEqual(order.filter((state) => states.includes(state as TransferView['state'])))
  expect(states).toContain('fetching')
  const bytes = reports.map((report) => report.bytes)
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b))
  expect(reports.at(-1)).toMatchObject({ id: 't', specs: [web.id], bytes: whole, totalBytes: whole, sources: 1 })
  expect(reports.every((report) => report.failure === undefined)).toBe(true)
  const asDependencyBySlug = new Map((await bob.library()).map(({ slug, asDependency }) => [slug, asDependency]))
  expect(asDependencyBySlug).toEqual(
    new Map([
      ['web', false],
      ['kit', true],
    ]),
  )
})

test('a half-failed install installs nothing and keeps verified pieces; the next fetches only the rest', async ({
  signal,
}) => {
  network = createEngineNetwork()
  const alice = await network.start('alice')
  const { kit, web } = await publishBoth(alice)
  const disk = network.diskOf('bob')
  const { write } = disk
  const kitPieces = piecePrefix(rootBytes(kit.root))
  let full = true
  disk.write = async (changes, options) => {
    if (full && changes.some(({ table, key }) => table === 'pieces' && key.startsWith(kitPieces)))
      throw new Failure('QuotaExceeded', { code: 'disk-full' })
    return write(changes, options)
  }
  const bob = await network.start('bob')
  await bob.meet(alice)
  await knows(bob, 2, signal)

  await expect(bob.install([web.id], { transferId: 't' })).rejects.toMatchObject({ name: 'QuotaExceeded' })
  expect(await slugsOf(bob)).toEqual([])
  expect(await disk.keys('transfers')).toEqual([])
  await eventually('it is reported as failed', () => transfersOf(bob).at(-1)?.state === 'failed', signal)
  expect(transfersOf(bob).at(-1)?.failure?.name).toBe('QuotaExceeded')
  const kept = (await disk.keys('pieces')).length
  await expect(bob.verify(web.id, '1.0.0')).rejects.toMatchObject({ name: 'NotInstalled' })

  full = false
  const { bytes, installed } = await bob.install([web.id], { transferId: 't' })
  expect(installed).toHaveLength(2)
  expect(await slugsOf(bob)).toEqual(['kit', 'web'])
  const pieces = (await disk.keys('pieces')).length
  expect(pieces).toBe((await alice.disk.keys('pieces')).length)
  // Pieces already present are not fetched again.
  expect(bytes).toBeLessThanOrEqual((pieces - kept) * PIECE_BYTES)
  for (const { id } of installed) expect((await bob.verify(id, '1.0.0')).ok).toBe(true)
})

const rootBytes = (text: string): Uint8Array => {
  const root = textToRoot(text)
  if (!root.ok) throw new Error(root.message)
  return root.value
}
