import { afterEach, expect, test } from 'vitest'
import type { Store, TableName } from '../../store/store.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../network.ts'

const testMs = 120_000

const network = createEngineNetwork({ seed: 90 })
afterEach(network.stopAll)

const failureOf = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.name)

/** Flips one bit in the middle of each value of a table, or replaces the value. */
const damage = async (disk: Store, table: TableName, change = flipped): Promise<number> => {
  const rows = await disk.entries(table)
  await disk.write(rows.map(([key, value]) => ({ table, key, value: change(value) })))
  return rows.length
}

const flipped = (value: Uint8Array): Uint8Array => {
  const at = Math.floor(value.length / 2)
  return value.map((byte, index) => (index === at ? byte ^ 4 : byte))
}

const noticesOf = (peer: EnginePeer): string[] =>
  peer.updates.flatMap((update) =>
    update.kind === 'notice' ? [`${update.name} ${JSON.stringify(update.reason)}`] : [],
  )

const text = (content: string): Record<string, Uint8Array> => ({ 'a.txt': new TextEncoder().encode(content) })

/** Starts a peer that published and installed a package each, and another peer with both packages. */
const setScene = async (signal: AbortSignal) => {
  const [one, two] = [await network.start('one'), await network.start('two')]
  await one.meet(two)
  const { id: theirs } = await two.publish('theirs', '1.0.0', text('theirs'))
  const { id: own } = await one.publish('own', '1.0.0', text('own'))
  for (const peer of [one, two])
    await eventually('both know both', async () => (await peer.search({ text: '' })).total === 2, signal)
  await one.install([theirs])
  await two.install([own])
  await network.leave(one)
  return { disk: one.disk, two, own, theirs }
}

const readText = async (peer: EnginePeer, id: string): Promise<string> =>
  new TextDecoder().decode(await peer.readFile(id, '1.0.0', 'a.txt'))

test(
  'damaged content is detected on reading and fetched again',
  async ({ signal }) => {
    const { disk, two, theirs } = await setScene(signal)
    expect(await damage(disk, 'pieces')).toBe(2)
    const one = await network.start('one')
    expect((await one.verify(theirs, '1.0.0')).ok).toBe(false)
    expect(await failureOf(one.readFile(theirs, '1.0.0', 'a.txt'))).toBe('ContentUnavailable')
    await one.meet(two)
    await one.install([theirs])
    expect(await one.verify(theirs, '1.0.0')).toEqual({ ok: true, damaged: [] })
    expect(await readText(one, theirs)).toBe('theirs')

    await network.leave(one)
    expect(await damage(disk, 'manifests')).toBe(2)
    const again = await network.start('one')
    expect(await failureOf(again.readFile(theirs, '1.0.0', 'a.txt'))).toBe('ContentUnavailable')
    await again.meet(two)
    await again.install([theirs])
    expect(await readText(again, theirs)).toBe('theirs')
  },
  testMs,
)

test.each(['heads', 'releases', 'identities'] as const)(
  'a damaged catalogue (%s) is removed, reported, and restored by a peer',
  async (table) => {
    const signal = AbortSignal.timeout(testMs)
    const { disk, two, theirs, own } = await setScene(signal)
    const damaged = await damage(disk, table)
    const one = await network.start('one')
    await eventually('it is reported', () => noticesOf(one).length > 0, signal)
    expect(noticesOf(one)).toEqual([expect.stringMatching(/^RecordMalformed .*records-damaged/)])
    expect(damaged).toBeGreaterThan(0)
    expect((await one.search({ text: '' })).total).toBeLessThan(2)
    // Installed packages stay, even without their records.
    expect(await readText(one, theirs)).toBe('theirs')
    await one.meet(two)
    await eventually('the catalogue is whole', async () => (await one.search({ text: '' })).total === 2, signal)
    // The publisher continues from its last release.
    await one.publish('own', '1.0.1', text('next'))
    await eventually(
      'the other has the next version',
      async () => (await two.describe(own)).summary.version === '1.0.1',
      signal,
    )
    await network.leave(one)
    expect(noticesOf(await network.start('one'))).toEqual([])
  },
  testMs,
)

test(
  'damaged library entries and other stored state do not prevent the start',
  async ({ signal }) => {
    const { disk, two, theirs } = await setScene(signal)
    for (const table of ['library', 'settings', 'peers', 'outbox', 'transfers', 'cache'] as const) {
      await disk.write([{ table, key: 'nobody knows this', value: new Uint8Array(50).fill(0xff) }])
      await damage(disk, table, ({ length }) => new Uint8Array(length).fill(0xff))
    }
    const before = await disk.keys('library')
    const one = await network.start('one')
    await eventually('it is reported', () => noticesOf(one).length > 0, signal)
    expect(noticesOf(one)).toEqual(['FileInvalid {"code":"library-damaged","count":2}'])
    expect(await one.library()).toEqual([])
    // The damaged rows stay, because a later version may still read them.
    expect(await disk.keys('library')).toEqual(before)
    await one.meet(two)
    await one.install([theirs])
    expect((await one.library()).map(({ id }) => id)).toEqual([theirs])
  },
  testMs,
)

test(
  'damaged keys are never replaced: the start fails with a reason, and succeeds once they are restored',
  async ({ signal }) => {
    const { disk } = await setScene(signal)
    const keys = await disk.entries('keys')
    for (const change of [(value: Uint8Array) => value.slice(1), () => new Uint8Array()]) {
      await damage(disk, 'keys', change)
      const damaged = await disk.entries('keys')
      expect(await failureOf(network.start('one'))).toBe('StorageUnavailable')
      expect(await disk.entries('keys')).toEqual(damaged)
    }
    await disk.write(keys.map(([key, value]) => ({ table: 'keys', key, value })))
    const one = await network.start('one')
    expect((await one.search({ text: '' })).total).toBe(2)
    expect(noticesOf(one)).toEqual([])
  },
  testMs,
)
