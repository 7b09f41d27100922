import { afterEach, expect, test } from 'vitest'
import { isFailure } from '../../contract/failures.ts'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

/** Twenty engines on a busy machine. */
const testMs = 300_000

const network = createEngineNetwork({ seed: 10 })
afterEach(network.stopAll)

const names = (prefix: string): string[] => Array.from({ length: 10 }, (_, at) => `${prefix}${at}`)

const slugs = async (peer: EnginePeer): Promise<string[]> =>
  (await peer.search({ text: '' })).hits.map(({ slug }) => slug).sort()

const allHave = async (peers: readonly EnginePeer[], wanted: readonly string[]): Promise<boolean> =>
  (await Promise.all(peers.map(slugs))).every((found) => found.join() === [...wanted].sort().join())

test(
  'after a partition in which both halves published, all peers have everything',
  async ({ signal }) => {
    const left = await network.startMany(names('left'))
    const right = await network.startMany(names('right'))
    const all = [...left, ...right]
    const [inLeft, inRight] = [left[3], right[7]]
    if (inLeft === undefined || inRight === undefined) throw new Error('unreachable')
    await introduce(all)
    const { id } = await inLeft.publish('shared', '1.0.0')
    await eventually('all have the first package', () => allHave(all, ['shared']), signal)

    network.partition([left, right])
    const isSplit = async (own: readonly EnginePeer[], others: readonly EnginePeer[]): Promise<boolean> => {
      const foreign = new Set(others.map((peer) => peer.id))
      const peers = await Promise.all(own.map((peer) => peer.peers()))
      return peers.flat().every(({ peerId }) => !foreign.has(peerId))
    }
    await eventually('no connection crosses', async () => (await isSplit(left, right)) && isSplit(right, left), signal)
    await inLeft.publish('from-left', '1.0.0')
    await inLeft.publish('shared', '1.1.0')
    const fromRight = await inRight.publish('from-right', '1.0.0', { 'a.txt': new Uint8Array(300_000).fill(3) })
    await eventually('the left has its own', () => allHave(left, ['shared', 'from-left']), signal)
    await eventually('the right has its own', () => allHave(right, ['shared', 'from-right']), signal)
    expect(await allHave(left, ['shared', 'from-left'])).toBe(true)

    network.heal()
    await eventually('all have all', () => allHave(all, ['shared', 'from-left', 'from-right']), signal)
    await eventually(
      'all have the newest version',
      async () => (await Promise.all(right.map((peer) => peer.resolve([id])))).every(newestIs('1.1.0')),
      signal,
    )
    // Peers that could not be dialled during the partition are in backoff for up to two minutes.
    let roots: string[] = []
    const install = async (): Promise<boolean> => {
      try {
        const { installed } = await inLeft.install([fromRight.id])
        roots = installed.map(({ root }) => root)
        return true
      } catch (error) {
        if (isFailure(error, 'ContentUnavailable')) return false
        throw error
      }
    }
    await eventually('what the other half published can be installed', install, signal)
    expect(roots).toEqual([fromRight.root])
  },
  testMs,
)

const newestIs =
  (version: string) =>
  ({ packages }: { packages: readonly { version: string }[] }): boolean =>
    packages[0]?.version === version
