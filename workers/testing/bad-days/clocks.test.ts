import { afterEach, describe, expect, test, vi } from 'vitest'
import { acquireProfileLock } from '../../engine/tab-lock.ts'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

const testMs = 120_000
const dayMs = 86_400_000

const network = createEngineNetwork({ seed: 80 })
afterEach(async () => {
  vi.useRealTimers()
  await network.stopAll()
})

const versionAt = async (peer: EnginePeer, id: string): Promise<string | undefined> =>
  (await peer.search({ text: '' })).hits.find((hit) => hit.id === id)?.version

describe('clocks that are a day off', () => {
  test(
    'the newer head wins, whatever the time that it says it was published at',
    async ({ signal }) => {
      const author = await network.start('author', { clockMs: dayMs })
      const [behind, right] = [await network.start('behind', { clockMs: -dayMs }), await network.start('right')]
      const peers = [author, behind, right]
      await introduce(peers)
      const all = (id: string, version: string) => async (): Promise<boolean> =>
        (await Promise.all(peers.map((peer) => versionAt(peer, id)))).every((found) => found === version)
      const { id } = await author.publish('moved', '1.0.0')
      await eventually('all have the first version', all(id, '1.0.0'), signal)
      const { publishedAt: first } = (await right.describe(id)).summary
      expect(first).toBeGreaterThan(Date.now() + dayMs / 2)

      author.clockMs = -dayMs
      await author.publish('moved', '1.1.0')
      await eventually('all have the second version', all(id, '1.1.0'), signal)
      const { publishedAt: second } = (await right.describe(id)).summary
      expect(second).toBeLessThan(first)
      await author.yank(id, '1.1.0')
      await eventually('all know that it was withdrawn', all(id, '1.0.0'), signal)
      const isSent = async (): Promise<boolean> => (await author.disk.keys('outbox')).length === 0
      await eventually('nothing waits to be sent', isSent, signal)
      for (const peer of [behind, right]) {
        await peer.install([id])
        expect(await peer.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })
        expect((await peer.library()).map(({ version }) => version)).toEqual(['1.0.0'])
      }
    },
    testMs,
  )

  test(
    'what was stored by a clock that was ahead is read by one that is right, and all goes on',
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
    ['forward', dayMs],
    ['back', -dayMs],
  ])(
    'the clock of the machine is set %s by a day under running engines: nothing breaks',
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
  test('a holder that froze and lost its lock does not write, though the clock was set back meanwhile', async () => {
    const profile = 'lease of a frozen tab'
    const holder = 'frozen'
    const held = { clientId: holder }
    const locks = {
      request: async (_name: string, _options: LockOptions, run: LockGrantedCallback<unknown>) => {
        await run({ name: `ggen-profile-${profile}`, mode: 'exclusive' })
      },
      query: async () => ({ held: [{ name: `ggen-profile-${profile}`, clientId: held.clientId }] }),
    } as unknown as Pick<LockManager, 'request' | 'query'>
    // Time stands still but where the test moves it: a frozen worker's timers do not run.
    vi.useFakeTimers({ toFake: ['Date', 'performance', 'setInterval', 'clearInterval'] })
    const lock = await acquireProfileLock(profile, locks)
    await lock.assertHeld()

    // Two seconds pass in the freeze, another tab takes over, and the clock of the machine is set back by a day.
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
