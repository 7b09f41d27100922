import { afterEach, expect, test } from 'vitest'
import { createEngineNetwork, type EngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'

let network: EngineNetwork

afterEach(async () => {
  await network.stopAll()
})

const bigFile = (seed: number): Uint8Array => new Uint8Array(700_000).map((_, at) => (at * seed + (at >> 8)) & 0xff)

const manifestOf = (slug: string, needs = ''): Uint8Array =>
  new TextEncoder().encode(`[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "x"\n${needs}`)

const knows = (peer: EnginePeer, size: number, signal: AbortSignal): Promise<void> =>
  eventually(`${peer.name} knows ${size} packages`, async () => (await peer.status()).catalogueSize === size, signal)

/** An engine copies the functions of its disk, so watch a disk before the engine starts. */
const createWatch = (name: string) => {
  let armed: { time: number; act(): void } | undefined
  let count = 0
  const disk = network.diskOf(name)
  const write = disk.write
  disk.write = (changes, options) => {
    count += 1
    const now = armed
    if (now !== undefined && count === now.time) now.act()
    return write(changes, options)
  }
  return {
    arm(time: number, act: () => void) {
      count = 0
      armed = { time, act }
    },
    count: () => count,
  }
}

const published = async (): Promise<EnginePeer> => {
  const alice = await network.start('alice')
  await alice.publish('kit', '1.0.0', { 'package.toml': manifestOf('kit'), 'big.bin': bigFile(3) })
  await alice.publish('web', '1.0.0', {
    'package.toml': manifestOf('web', '[dependencies]\nkit = "^1.0.0"\n'),
    'big.bin': bigFile(5),
  })
  return alice
}

const slugsOf = async (peer: EnginePeer): Promise<string[]> => (await peer.library()).map(({ slug }) => slug).sort()

test('an install interrupted at any write is finished by the next engine', async ({ signal }) => {
  network = createEngineNetwork({ conditions: { delayMs: 0, jitterMs: 0 } })
  const alice = await published()
  for (let time = 1, isOver = false; !isOver; time += 1) {
    const name = `bob-${time}`
    const watch = createWatch(name)
    let bob = await network.start(name)
    await bob.meet(alice)
    await knows(bob, 2, signal)
    const stopped = Promise.withResolvers<void>()
    watch.arm(time, () => network.leave(bob).then(stopped.resolve, stopped.reject))
    const outcome = await bob.install(['web']).then(
      () => 'done',
      (error: Error) => error.name,
    )
    if (watch.count() < time) {
      // The install took fewer writes: every point was tried.
      expect(outcome).toBe('done')
      isOver = true
      continue
    }
    await stopped.promise
    const states = bob.updates.flatMap((update) => (update.kind === 'transfer' ? update.transfer.state : []))
    // A stop is neither a cancel nor a failure.
    expect(states.filter((state) => state === 'cancelled' || state === 'failed')).toEqual([])
    const isNoted = (await bob.disk.keys('transfers')).length === 1
    const isWhole = (await bob.disk.keys('library')).length === 2
    expect(isNoted || isWhole, `stopped at write ${time}`).toBe(true)
    bob = await network.start(name)
    await bob.meet(alice)
    await eventually('the install is finished', async () => (await slugsOf(bob)).join() === 'kit,web', signal)
    for (const { id, version } of await bob.library()) {
      expect(await bob.verify(id, version)).toEqual({ ok: true, damaged: [] })
    }
    await eventually('its note is gone', async () => (await bob.disk.keys('transfers')).length === 0, signal)
    await network.leave(bob)
    expect(time).toBeLessThan(60)
  }
}, 120_000)

test('a cancelled install is not resumed, even if the engine stops at once', async ({ signal }) => {
  network = createEngineNetwork({ conditions: { delayMs: 0, jitterMs: 0 } })
  const alice = await published()
  for (let time = 1; time <= 4; time += 1) {
    const name = `carol-${time}`
    const watch = createWatch(name)
    const carol = await network.start(name)
    await carol.meet(alice)
    await knows(carol, 2, signal)
    const cancelled = Promise.withResolvers<void>()
    watch.arm(time, () => {
      carol.cancel('t').then(cancelled.resolve, cancelled.reject)
      void network.leave(carol)
    })
    await expect(carol.install(['web'], { transferId: 't' })).rejects.toMatchObject({ name: 'Cancelled' })
    await cancelled.promise
    expect(await carol.disk.keys('transfers')).toEqual([])
  }
})
