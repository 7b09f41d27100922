import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

const testMs = 120_000

const network = createEngineNetwork({ seed: 20 })
afterEach(network.stopAll)

const failureOf = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.name)

const listed = async (peer: EnginePeer): Promise<string[]> =>
  (await peer.search({ text: '' })).hits.map(({ slug, version }) => `${slug} ${version}`).sort()

test(
  'packages published, changed and yanked offline arrive in their final state, also through other peers',
  async ({ signal }) => {
    const [author, user] = [await network.start('author'), await network.start('user')]
    await author.meet(user)
    const { id: kept } = await author.publish('kept', '1.0.0')
    await eventually('the user has it', async () => (await listed(user)).length === 1, signal)
    await user.install([kept])
    await network.leave(author)

    const alone = await network.start('author')
    expect((await alone.status()).online).toBe(false)
    const { id: changed } = await alone.publish('changed', '1.0.0')
    await alone.publish('changed', '1.1.0')
    await alone.yank(changed, '1.0.0')
    const { id: gone } = await alone.publish('gone', '1.0.0')
    await alone.yank(gone, '1.0.0')
    await alone.publish('kept', '2.0.0')
    await alone.yank(kept, '1.0.0')
    // All of it survives another restart.
    await network.leave(alone)
    const back = await network.start('author')
    const expected = ['changed 1.1.0', 'kept 2.0.0']
    expect(await listed(back)).toEqual(expected)
    expect(await back.disk.keys('outbox')).toHaveLength(3)

    await back.meet(user)
    // Announcements carry the newest release of each; the yanked one arrives by sync.
    const hasAll = async (peer: EnginePeer): Promise<boolean> =>
      (await listed(peer)).join() === expected.join() && (await peer.describe(changed)).versions.length === 2
    await eventually('the user has the final state', () => hasAll(user), signal)
    await eventually('the outbox is empty', async () => (await back.disk.keys('outbox')).length === 0, signal)
    await network.leave(back)
    // A peer that joins after the author left gets it from the user.
    const late = await network.start('late')
    await introduce([user, late])
    await eventually('the late peer has it too', () => hasAll(late), signal)

    for (const peer of [user, late]) {
      const { versions } = await peer.describe(changed)
      expect(versions.map(({ version, yanked }) => [version, yanked])).toEqual([
        ['1.1.0', false],
        ['1.0.0', true],
      ])
      expect(await failureOf(peer.resolve([`${changed}@1.0.0`]))).toBe('VersionNotFound')
      expect(await failureOf(peer.resolve([gone]))).toBe('VersionNotFound')
    }
    // Only a peer that has it installed may reinstall it, with a warning.
    expect(await failureOf(late.resolve([`${kept}@1.0.0`]))).toBe('VersionNotFound')
    const { packages, warnings } = await user.planInstall([`${kept}@1.0.0`])
    expect(packages.map(({ version }) => version)).toEqual(['1.0.0'])
    expect(warnings).toEqual([{ code: 'yanked-chosen', package: 'kept', version: '1.0.0' }])
    expect(await user.verify(kept, '1.0.0')).toEqual({ ok: true, damaged: [] })
  },
  testMs,
)
