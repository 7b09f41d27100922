import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

const testMs = 120_000

const network = createEngineNetwork({ seed: 30 })
afterEach(network.stopAll)

const failureOf = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.name)

/** A second device of the same publisher, as after restoring a backup: all keys except the node key. */
const startTwin = async (of: EnginePeer, name: string): Promise<EnginePeer> => {
  const disk = network.diskOf(name)
  for (const [key, value] of await of.disk.entries('keys')) {
    await disk.write([{ table: 'keys', key, value: key === 'node' ? new Uint8Array(32).fill(9) : value }])
  }
  return network.start(name)
}

const text = (content: string): Record<string, Uint8Array> => ({ 'a.txt': new TextEncoder().encode(content) })

const shownTwice = async (peer: EnginePeer, id: string): Promise<boolean> =>
  (await peer.describe(id)).versions.some(({ equivocation }) => equivocation)

test(
  'two contents of one version are kept as proof, shown, and not installed by peers that had neither',
  async ({ signal }) => {
    const one = await network.start('one')
    const two = await startTwin(one, 'two')
    expect(two.publisherId).toBe(one.publisherId)
    expect(two.id).not.toBe(one.id)
    const first = await one.publish('twin', '1.0.0', text('one'))
    const second = await two.publish('twin', '1.0.0', text('two'))
    expect(second.id).toBe(first.id)
    expect(second.root).not.toBe(first.root)
    const { id } = first

    // Each side has users before the sides connect.
    const [friend, other] = [await network.start('friend'), await network.start('other')]
    await Promise.all([friend.meet(one), other.meet(two)])
    await eventually('the friend knows one', async () => (await friend.search({ text: '' })).total === 1, signal)
    await eventually('the other knows two', async () => (await other.search({ text: '' })).total === 1, signal)
    await friend.install([id])
    await friend.meet(other)

    const late = await network.start('late')
    await introduce([friend, late])
    for (const peer of [one, two, friend, other, late]) {
      await eventually(`${peer.name} shows it`, () => shownTwice(peer, id).catch(() => false), signal)
      expect(await failureOf(peer.resolve([id]))).toBe('Equivocation')
      expect(await peer.disk.keys('releases')).toHaveLength(2)
    }
    for (const peer of [other, late]) {
      expect(await failureOf(peer.install([id]))).toBe('Equivocation')
      expect(await peer.library()).toEqual([])
    }
    // Peers that installed one of them keep it.
    expect((await friend.library()).map(({ root }) => root)).toEqual([first.root])
    expect(new TextDecoder().decode(await friend.readFile(id, '1.0.0', 'a.txt'))).toBe('one')

    await network.leave(late)
    const again = await network.start('late')
    expect(await shownTwice(again, id)).toBe(true)
    expect(await failureOf(again.install([id]))).toBe('Equivocation')
    // A new version that only one of them signed resolves the conflict.
    await one.publish('twin', '1.0.1', text('three'))
    await eventually(
      'the other can have the next version',
      async () => (await other.resolve([id]).catch(() => ({ packages: [] }))).packages[0]?.version === '1.0.1',
      signal,
    )
    await other.install([id])
    expect((await other.library()).map(({ version }) => version)).toEqual(['1.0.1'])
  },
  testMs,
)
