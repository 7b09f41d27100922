import { memory } from '@libp2p/memory'
import { afterEach, expect, test } from 'vitest'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createEngineNetwork } from '../testing/network.ts'
import { createTestPlatform } from '../testing/platform.ts'
import { type StartNetworkDependencies, startNetwork } from './start-network.ts'
import type { Storage } from './storage.ts'

const network = createEngineNetwork()
afterEach(network.stopAll)

const listen = '/memory/start-network'
const events = { onChange() {}, onAudience() {} }

const dependencies = (storage: StartNetworkDependencies['storage']): StartNetworkDependencies => ({
  storage,
  platform: createTestPlatform({
    disk: createMemoryStore(),
    clockMs: () => 0,
    random: () => 0.5,
    node: { transports: [memory()], listen: [listen] },
  }),
  iceServers: [],
  telemetry: noTelemetry,
})

/** The storage of a profile whose sync cannot start; sync is among the last protocols to start. */
const withoutSync = (storage: Storage): Storage => ({
  ...storage,
  registry: {
    ...storage.registry,
    watchEntryIds() {
      throw new Error('no ids')
    },
  },
})

test('a start that fails after the node listens stops the node', async () => {
  const [owner, other] = await network.startMany(['owner', 'other'])
  if (owner === undefined || other === undefined) throw new Error('no engines')
  const address = `${listen}/p2p/${owner.id}`
  const running = await startNetwork(dependencies(owner.storage), events)
  await other.meet({ address })
  await running.stop()
  await expect(other.meet({ address })).rejects.toMatchObject({ name: 'PeerUnreachable' })

  await expect(startNetwork(dependencies(withoutSync(owner.storage)), events)).rejects.toThrow('no ids')
  await expect(other.meet({ address })).rejects.toMatchObject({ name: 'PeerUnreachable' })
})
