import { afterEach, expect, test, vi } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createTestPlatform } from '../testing/platform.ts'
import { createEngine, type EngineOptions } from './create-engine.ts'
import type { Platform } from './platform.ts'

let profiles = 0
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

/** A platform that counts the resources in use. */
const compose = (part: Partial<Platform> = {}, disk: Store = createMemoryStore()) => {
  profiles += 1
  const held = new Set<string>()
  const test = createTestPlatform({ disk, clockMs: () => 0, random: () => 0.5, node: { transports: [] } })
  const platform: Platform = {
    ...test,
    async openStore(...given) {
      const opened = await (part.openStore ?? test.openStore)(...given)
      held.add('store')
      return { ...opened, store: { ...opened.store, close: async () => void held.delete('store') } }
    },
    async lockProfile(...given) {
      const lock = await test.lockProfile(...given)
      held.add('lock')
      return {
        ...lock,
        release() {
          held.delete('lock')
          lock.release()
        },
      }
    },
    onWake(listener) {
      held.add('wake events')
      wake = listener
      return () => void held.delete('wake events')
    },
    webRtc: undefined,
    node: part.node ?? test.node,
  }
  let wake: Parameters<Platform['onWake']>[0] = () => {}
  const options: EngineOptions = {
    profile: `create-engine-${profiles}`,
    relays: [],
    iceServers: [],
    updates: { postMessage() {} },
    onStolen() {},
  }
  return {
    held,
    wake: () => wake('online'),
    async start() {
      const engine = await createEngine(options, platform)
      stops.push(engine.commands.stop)
      return engine
    },
  }
}

/** A node that cannot be created. */
const broken: Platform['node'] = {
  transports: [
    () => {
      throw new Error('no transport')
    },
  ],
}

test('a stop releases everything, also during the start', async () => {
  const { start, held } = compose()
  const { commands } = await start()
  expect([...held].sort()).toEqual(['lock', 'store', 'wake events'])
  await commands.stop()
  expect([...held]).toEqual([])
})

test('a start that fails before or after opening the store releases everything', async () => {
  const refusing = compose({
    openStore: () => Promise.reject(new Failure('StorageUnavailable', { code: 'storage-refused' })),
  })
  await expect(refusing.start()).rejects.toMatchObject({ name: 'StorageUnavailable' })
  expect([...refusing.held]).toEqual([])

  const disk = createMemoryStore()
  await disk.write([{ table: 'keys', key: 'node', value: Uint8Array.of(1) }])
  const damaged = compose({}, disk)
  await expect(damaged.start()).rejects.toMatchObject({ name: 'StorageUnavailable' })
  expect([...damaged.held]).toEqual([])
})

test('when the node cannot start, the status says so and local commands work', async () => {
  const { start, wake, held } = compose({ node: broken })
  const { commands, network } = await start()
  const files = [
    {
      path: 'package.toml',
      bytes: new TextEncoder().encode('[package]\nname = "kit"\nversion = "1.0.0"\ndescription = "A kit"\n'),
    },
  ]
  const { id } = await commands.publish(files)
  expect(await network.started).toBe(false)
  wake()
  expect((await commands.status()).steps.relay).toMatchObject({ state: 'failed' })
  expect(await commands.peers()).toEqual([])
  expect((await commands.search({ text: 'kit', remote: true })).hits).toMatchObject([{ id }])
  expect(await commands.lookup(`${id}-2`)).toMatchObject({ found: false, from: 'none' })
  await expect(commands.connect('/memory/nobody')).rejects.toMatchObject({ name: 'PeerUnreachable' })
  await commands.stop()
  expect([...held]).toEqual([])
})

test('commands work before the node runs, and commands that need it wait', async () => {
  const { start } = compose()
  const { commands, network } = await start()
  expect(network.state().kind).toBe('starting')
  const status = await commands.status()
  expect(status).toMatchObject({ online: false, connections: 0, steps: { relay: { state: 'working' } } })
  const listed = vi.fn()
  const peers = commands.peers().then(listed)
  expect(network.state().kind).toBe('starting')
  expect(listed).not.toHaveBeenCalled()
  await peers
  expect(network.state().kind).toBe('running')
})
