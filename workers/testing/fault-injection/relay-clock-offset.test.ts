import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createKadRpc } from '../../dht/kad-rpc.ts'
import { KAD_PROTOCOL } from '../../protocol/protocols.ts'
import { untraced } from '../../telemetry/operation.ts'
import { createHeadSource } from '../head-source.ts'
import { createTestNetwork, type TestNode, until } from '../relay-network.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs
const offsets = [3 * hourMs, -3 * hourMs, dayMs, -dayMs, 3 * yearMs, -3 * yearMs]

const network = createTestNetwork()
const children: ChildProcess[] = []
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  await network.stopAll()
  for (const child of children.splice(0)) child.disconnect()
})

const answerOf = <T extends object>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`The relay ended with ${code}.`)))
  })

/** Starts a relay whose clock is ahead of the tabs' clocks, or behind. */
const startRelay = async (offMs: number) => {
  const script = fileURLToPath(new URL('../shifted-relay.ts', import.meta.url))
  const child = fork(script, [String(offMs)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] })
  children.push(child)
  const { address } = await answerOf<{ address: string }>(child)
  return {
    address,
    async setClock(ms: number) {
      const set = answerOf(child)
      child.send(ms)
      await set
    },
  }
}

const isReserved = (node: TestNode): boolean => node.keeper.relays().every(({ reserved }) => reserved)

/** True if a new tab reaches this tab through the relay. */
const isReached = async (relay: string, node: TestNode): Promise<boolean> => {
  const other = await network.startTab([relay], { direct: false, target: 0 })
  await until('the other tab has a reservation too', () => isReserved(other))
  const connection = await other.libp2p.dial(multiaddr(`${relay}/p2p-circuit/p2p/${node.libp2p.peerId}`))
  return connection.limits !== undefined && connection.status === 'open'
}

/** Range of the delay before a reservation is refreshed (ms): relays keep one for an hour or two. */
const refreshMs = { min: 60_000, max: hourMs }

/** True if libp2p's reservation store is the caller. */
const isStoreCalling = (): boolean => new Error().stack?.includes('transport/reservation-store.js') ?? false

/** Records the refresh of each new reservation, and the delay until it is due (ms). */
const plannedRefreshes = (): { run: () => void; ms: number }[] => {
  const planned: { run: () => void; ms: number }[] = []
  const realTimeout = globalThis.setTimeout
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms?: number, ...given: unknown[]) => {
    if (isStoreCalling()) planned.push({ run, ms: ms ?? 0 })
    return realTimeout(run, ms, ...given)
  }) as typeof setTimeout)
  return planned
}

describe('a relay and tabs with different clocks', () => {
  test.each(offsets)(
    'a reservation at a relay whose clock is %i ms ahead is refreshed before the relay drops it',
    async (offMs) => {
      const planned = plannedRefreshes()
      const { address } = await startRelay(offMs)
      const node = await network.startTab([address], { direct: false, target: 0 })
      await until('there is a reservation', () => isReserved(node))
      expect(node.failures).toEqual([])
      expect(planned.length).toBeGreaterThan(0)
      for (const { ms } of planned) {
        expect(ms).toBeGreaterThanOrEqual(refreshMs.min)
        expect(ms).toBeLessThan(refreshMs.max)
      }
      expect(await isReached(address, node)).toBe(true)

      const [refresh] = planned
      const before = planned.length
      const now = performance.now.bind(performance)
      vi.spyOn(performance, 'now').mockImplementation(() => now() + (isStoreCalling() ? (refresh?.ms ?? 0) : 0))
      refresh?.run()
      await vi.waitFor(() => expect(planned.length).toBe(before + 1))
    },
  )

  test.each(offsets)('a relay whose clock jumps by %i ms keeps working', async (ms) => {
    const relay = await startRelay(0)
    const node = await network.startTab([relay.address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    await relay.setClock(ms)
    expect(await isReached(relay.address, node)).toBe(true)
    expect(isReserved(node)).toBe(true)
  })

  test.each(offsets)('a tab whose clock jumps by %i ms stays reachable', async (ms) => {
    const { address } = await startRelay(0)
    const node = await network.startTab([address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
    node.keeper.wake()
    expect(await isReached(address, node)).toBe(true)
    await until('the reservation still exists', () => isReserved(node))
    expect(node.failures).toEqual([])
  })
})

test.each([3 * dayMs, -3 * dayMs, 3 * yearMs, -3 * yearMs])(
  'DHT records at a relay do not expire when its clock jumps by %i ms',
  async (ms) => {
    const relay = await startRelay(0)
    const node = await network.startTab([relay.address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    const rpc = createKadRpc(node.libp2p, KAD_PROTOCOL)
    const signal = AbortSignal.timeout(60_000)
    const source = await createHeadSource(1)
    const key = new TextEncoder().encode(source.key('kept'))
    const [at] = await rpc.seeds(key)
    if (at === undefined) throw new Error('The relay is not in the routing table.')
    expect(await rpc.putValue(at, key, await source.value('kept', 1), untraced(signal))).toBe(true)
    await relay.setClock(ms)
    expect((await rpc.getValue(at, key, untraced(signal)))?.value).toBeDefined()
  },
)

test.each([dayMs, 3 * yearMs])(
  'peers learn the new addresses of a tab whose clock was %i ms ahead and was corrected',
  async (ahead) => {
    const privateKey = await generateKeyPair('Ed25519')
    const friend = await network.startTab([], { target: 0 })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ahead })
    const before = await network.startTab([], { privateKey, target: 0 })
    await before.libp2p.dial(friend.libp2p.getMultiaddrs())
    const learned = async (): Promise<string[]> =>
      (await friend.libp2p.peerStore.get(before.libp2p.peerId)).addresses.map((each) => each.multiaddr.toString())
    const own = (node: TestNode): string[] =>
      node.libp2p.getMultiaddrs().map((each) => String(each.decapsulate('/p2p')))
    await vi.waitFor(async () => expect(await learned()).toEqual(expect.arrayContaining(own(before))), 60_000)
    await before.stop()

    vi.useRealTimers()
    const after = await network.startTab([], { privateKey, target: 0 })
    await after.libp2p.dial(friend.libp2p.getMultiaddrs())
    await vi.waitFor(async () => expect(await learned()).toEqual(expect.arrayContaining(own(after))), 60_000)
  },
)
