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

/** A relay whose clock is ahead of that of the tabs, or behind. */
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

/** A newcomer reaches this tab through the relay, and not otherwise. */
const isReached = async (relay: string, node: TestNode): Promise<boolean> => {
  const other = await network.startTab([relay], { direct: false, target: 0 })
  await until('the other tab has a reservation too', () => isReserved(other))
  const connection = await other.libp2p.dial(multiaddr(`${relay}/p2p-circuit/p2p/${node.libp2p.peerId}`))
  return connection.limits !== undefined && connection.status === 'open'
}

/** After how long a reservation is asked for again (ms): relays keep one for an hour or two, and no stranger is asked more often. */
const refreshMs = { min: 60_000, max: hourMs }

/** Whether libp2p's store of reservations is what calls. */
const isStoreCalling = (): boolean => new Error().stack?.includes('transport/reservation-store.js') ?? false

/** The refresh of each reservation that is made from now on, and after how long it is due (ms). */
const plannedRefreshes = (): { run: () => void; ms: number }[] => {
  const planned: { run: () => void; ms: number }[] = []
  const realTimeout = globalThis.setTimeout
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms?: number, ...given: unknown[]) => {
    if (isStoreCalling()) planned.push({ run, ms: ms ?? 0 })
    return realTimeout(run, ms, ...given)
  }) as typeof setTimeout)
  return planned
}

describe('a relay and tabs whose clocks are apart', () => {
  test.each(offsets)(
    'a relay %i ms ahead gives a reservation that is refreshed while the relay still keeps it',
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

  test.each(offsets)('a relay whose clock is set by %i ms meanwhile works as before', async (ms) => {
    const relay = await startRelay(0)
    const node = await network.startTab([relay.address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    await relay.setClock(ms)
    expect(await isReached(relay.address, node)).toBe(true)
    expect(isReserved(node)).toBe(true)
  })

  test.each(offsets)('a tab whose clock is set by %i ms meanwhile is reached as before', async (ms) => {
    const { address } = await startRelay(0)
    const node = await network.startTab([address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
    node.keeper.wake()
    expect(await isReached(address, node)).toBe(true)
    await until('it is reserved still', () => isReserved(node))
    expect(node.failures).toEqual([])
  })
})

test.each([3 * dayMs, -3 * dayMs, 3 * yearMs, -3 * yearMs])(
  'what a relay keeps for others is not older for a clock that is set by %i ms',
  async (ms) => {
    const relay = await startRelay(0)
    const node = await network.startTab([relay.address], { direct: false, target: 0 })
    await until('there is a reservation', () => isReserved(node))
    const rpc = createKadRpc(node.libp2p, KAD_PROTOCOL)
    const signal = AbortSignal.timeout(60_000)
    const source = await createHeadSource(1)
    const key = new TextEncoder().encode(source.key('kept'))
    const [at] = await rpc.seeds(key)
    if (at === undefined) throw new Error('The relay is nobody that could be asked.')
    expect(await rpc.putValue(at, key, await source.value('kept', 1), untraced(signal))).toBe(true)
    await relay.setClock(ms)
    expect((await rpc.getValue(at, key, untraced(signal)))?.value).toBeDefined()
  },
)

test.each([dayMs, 3 * yearMs])(
  'a tab whose clock was %i ms ahead, and was put right, is known by its new addresses',
  async (ahead) => {
    const privateKey = await generateKeyPair('Ed25519')
    const friend = await network.startTab([], { target: 0 })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ahead })
    const before = await network.startTab([], { privateKey, target: 0 })
    await before.libp2p.dial(friend.libp2p.getMultiaddrs())
    const known = async (): Promise<string[]> =>
      (await friend.libp2p.peerStore.get(before.libp2p.peerId)).addresses.map((each) => each.multiaddr.toString())
    const own = (node: TestNode): string[] =>
      node.libp2p.getMultiaddrs().map((each) => String(each.decapsulate('/p2p')))
    await vi.waitFor(async () => expect(await known()).toEqual(expect.arrayContaining(own(before))), 60_000)
    await before.stop()

    vi.useRealTimers()
    const after = await network.startTab([], { privateKey, target: 0 })
    await after.libp2p.dial(friend.libp2p.getMultiaddrs())
    await vi.waitFor(async () => expect(await known()).toEqual(expect.arrayContaining(own(after))), 60_000)
  },
)
