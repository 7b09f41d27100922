import { afterEach, describe, expect, test, vi } from 'vitest'
import { acquireProfileLock } from '../../engine/tab-lock.ts'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

const testMs = 120_000
const hourMs = 3_600_000
const dayMs = 24 * hourMs

const network = createEngineNetwork({ seed: 80 })
afterEach(async () => {
  vi.useRealTimers()
  await network.stopAll()
})

const versionAt = async (peer: EnginePeer, id: string): Promise<string | undefined> =>
  (await peer.search({ text: '' })).hits.find((hit) => hit.id === id)?.version

/** Offsets of wrong clocks: a time zone, a day, a flat battery. */
const offsets = [3 * hourMs, dayMs, 3 * 365 * dayMs]

describe('wrong clocks', () => {
  test.each(offsets)(
    'by %i ms: the newer head wins, whatever its publication time',
    async (off) => {
      const signal = AbortSignal.timeout(testMs)
      const author = await network.start('author', { clockMs: off })
      const [behind, right] = [await network.start('behind', { clockMs: -off }), await network.start('right')]
      const peers = [author, behind, right]
      await introduce(peers)
      const all = (id: string, version: string) => async (): Promise<boolean> =>
        (await Promise.all(peers.map((peer) => versionAt(peer, id)))).every((found) => found === version)
      const { id } = await author.publish('moved', '1.0.0')
      await eventually('all have the first version', all(id, '1.0.0'), signal)
      // The author trusts its own clock; for the others that time is in the future.
      expect((await author.describe(id)).summary.publishedAt).toBeGreaterThan(Date.now() + off / 2)
      expect((await right.describe(id)).summary.publishedAt).toBe(0)
      expect((await right.lookup(id)).record?.publishedAt).toBe(0)

      author.clockMs = -off
      await author.publish('moved', '1.1.0')
      await eventually('all have the second version', all(id, '1.1.0'), signal)
      const { publishedAt: second } = (await right.describe(id)).summary
      expect(Math.abs(second - (Date.now() - off))).toBeLessThan(off / 2)
      await author.yank(id, '1.1.0')
      await eventually('all know that it was yanked', all(id, '1.0.0'), signal)
      const isSent = async (): Promise<boolean> => (await author.disk.keys('outbox')).length === 0
      await eventually('the outbox is empty', isSent, signal)
      for (const peer of [behind, right]) {
        await peer.install([id])
        expect(await peer.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })
        expect((await peer.library()).map(({ version }) => version)).toEqual(['1.0.0'])
      }
    },
    testMs,
  )

  test.each(offsets)(
    'by %i ms: others list a release dated in the future last, also after a reload, and so does a newcomer',
    async (off) => {
      const signal = AbortSignal.timeout(testMs)
      const [author, right] = [await network.start('author', { clockMs: off }), await network.start('right')]
      await right.meet(author)
      await right.publish('before', '1.0.0')
      await author.publish('ahead', '1.0.0')
      const listed = async (peer: EnginePeer): Promise<string> =>
        (await peer.search({ sort: 'updated' })).hits.map(({ slug }) => slug).join(' ')
      await eventually('both are listed', async () => (await listed(right)) === 'before ahead', signal)
      await right.publish('after', '1.0.0')
      expect(await listed(right)).toBe('after before ahead')
      await network.leave(right)
      const again = await network.start('right')
      expect(await listed(again)).toBe('after before ahead')
      const newcomer = await network.start('newcomer')
      await newcomer.meet(again)
      await eventually('a newcomer lists them', async () => (await listed(newcomer)) === 'after before ahead', signal)
    },
    testMs,
  )

  test(
    'data stored while the clock was ahead is readable after it was corrected',
    async ({ signal }) => {
      const [one, two] = [await network.start('one', { clockMs: dayMs }), await network.start('two')]
      await one.meet(two)
      const { id } = await two.publish('theirs', '1.0.0')
      const { id: own } = await one.publish('own', '1.0.0')
      await eventually('it is known', async () => (await versionAt(one, id)) === '1.0.0', signal)
      await one.install([id])
      await network.leave(one)

      const again = await network.start('one', { clockMs: -dayMs })
      expect(again.updates.filter(({ kind }) => kind === 'notice')).toEqual([])
      expect((await again.library()).map((entry) => entry.id)).toEqual([id])
      await again.meet(two)
      await again.publish('own', '1.0.1')
      await eventually('the other has it', async () => (await versionAt(two, own)) === '1.0.1', signal)
    },
    testMs,
  )

  test.each([
    ['three hours forward', 3 * hourMs],
    ['a day forward', dayMs],
    ['three years forward', 3 * 365 * dayMs],
    ['three hours back', -3 * hourMs],
    ['a day back', -dayMs],
    ['three years back', -3 * 365 * dayMs],
  ])(
    'the clock of the machine jumps %s under running engines: nothing breaks',
    async (_way, ms) => {
      const signal = AbortSignal.timeout(testMs)
      const [one, two] = [await network.start('one'), await network.start('two')]
      await one.meet(two)
      const before = await one.publish('before', '1.0.0', { 'a.bin': new Uint8Array(100_000).fill(1) })
      await eventually('it is known', async () => (await versionAt(two, before.id)) === '1.0.0', signal)
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

      await two.install([before.id])
      const { id } = await two.publish('after', '1.0.0')
      await eventually('the other has it', async () => (await versionAt(one, id)) === '1.0.0', signal)
      await one.install([id])
      const three = await network.start('three')
      await three.meet(one)
      await eventually('a newcomer has both', async () => (await three.search({ text: '' })).total === 2, signal)
      expect((await three.lookup(id)).found).toBe(true)
      await three.install([id, before.id])
      for (const peer of [one, two, three]) expect((await peer.peers()).length).toBeGreaterThan(0)
    },
    testMs,
  )
})

describe('the lease of a profile', () => {
  test('a frozen holder that lost its lock does not write, even if the clock was set back meanwhile', async () => {
    const profile = 'lease of a frozen tab'
    const holder = 'frozen'
    const held = { clientId: holder }
    const locks = {
      request: async (_name: string, _options: LockOptions, run: LockGrantedCallback<unknown>) => {
        await run({ name: `ggen-profile-${profile}`, mode: 'exclusive' })
      },
      query: async () => ({ held: [{ name: `ggen-profile-${profile}`, clientId: held.clientId }] }),
    } as unknown as Pick<LockManager, 'request' | 'query'>
    // Time advances only when the test says so: a frozen worker's timers do not run.
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] })
    const lock = await acquireProfileLock(profile, locks, {
      wall: () => Date.now(),
      monotonic: () => performance.now(),
    })
    await lock.assertHeld()

    // During a freeze of two seconds another tab takes over, and the machine's clock is set back by a day.
    const frozenFor = 2_000
    const now = performance.now() + frozenFor
    vi.spyOn(performance, 'now').mockReturnValue(now)
    vi.setSystemTime(Date.now() - dayMs)
    held.clientId = 'another'
    await expect(lock.assertHeld()).rejects.toMatchObject({ name: 'ProfileInUse' })
    lock.release()
    vi.restoreAllMocks()
  })
})
