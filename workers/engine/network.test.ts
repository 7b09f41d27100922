import { expect, test, vi } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { createNetwork, type RunningNetwork } from './network.ts'
import { offline, offlineStatus } from './network-concerns.ts'

const operation = untraced()

const runningNetwork = (part: Partial<RunningNetwork> = {}): RunningNetwork => ({
  ...offline,
  status: () => ({ ...offlineStatus, online: true, connections: 1 }),
  wake() {},
  stop: async () => {},
  ...part,
})

/** A network whose start is controlled by the test. */
const compose = () => {
  const start = Promise.withResolvers<RunningNetwork>()
  const startNetwork = vi.fn(() => start.promise)
  const network = createNetwork(startNetwork)
  const states: string[] = []
  network.onChange(() => states.push(network.state().kind))
  return { network, start, startNetwork, states }
}

const allOf = async (items: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = []
  for await (const item of items) all.push(item)
  return all
}

const expectOffline = async (network: ReturnType<typeof compose>['network']): Promise<void> => {
  const { peers, dht, content, query, sync, announcements } = network
  expect(network.status()).toEqual(offlineStatus)
  expect([peers.list(), peers.connectionCount(), announcements.audience(), sync.isComplete()]).toEqual([
    [],
    0,
    0,
    false,
  ])
  await expect(peers.connect('/memory/a', operation)).rejects.toMatchObject({ name: 'PeerUnreachable' })
  await expect(content.openStream('peer', operation)).rejects.toMatchObject({ name: 'PeerUnreachable' })
  expect(await allOf(content.findProviders(new Uint8Array(32), operation))).toEqual([])
  expect(content.relayed.directPath('peer')).toBe('failed')
  expect(await dht.findHead('key', operation)).toBeUndefined()
  expect(await dht.putHead('key', new Uint8Array(), operation, () => {})).toBe(0)
  expect(await dht.provide(new Uint8Array(32), operation)).toBe(0)
  expect(await dht.countProviders(new Uint8Array(32), operation)).toBe(0)
  expect(await query.search({ text: 'a', filters: {} }, operation)).toEqual({ asked: 0, answered: 0 })
  expect(await announcements.announce(new Uint8Array(), operation)).toBe(0)
}

test('before its node runs, a network answers like a node without connections', async () => {
  const { network, startNetwork } = compose()
  expect(network.state()).toEqual({ kind: 'starting' })
  await expectOffline(network)
  expect(startNetwork).not.toHaveBeenCalled()
})

test('after a failed start it gives the reason and stays offline', async () => {
  const { network, start, states } = compose()
  network.start()
  start.reject(new Error('no transport'))
  expect(await network.started).toBe(false)
  expect(network.state()).toMatchObject({ kind: 'failed', error: { message: 'no transport' } })
  expect(states).toEqual(['failed'])
  await expectOffline(network)
  await network.stop()
})

test('concerns obtained before the start forward to the running node', async () => {
  const { network, start, startNetwork, states } = compose()
  const { announcements, content } = network
  network.start()
  network.start()
  start.resolve(
    runningNetwork({
      announcements: { announce: async () => 2, audience: () => 3 },
      content: { ...offline.content, relayed: { ...offline.content.relayed, directPath: () => 'open' } },
    }),
  )
  expect(await network.started).toBe(true)
  expect(startNetwork).toHaveBeenCalledTimes(1)
  expect(states).toEqual(['running'])
  expect(network.status().connections).toBe(1)
  expect([await announcements.announce(new Uint8Array(), operation), announcements.audience()]).toEqual([2, 3])
  expect(content.relayed.directPath('peer')).toBe('open')
})

test('a wake and a stop during the start reach the node once it runs', async () => {
  const { network, start } = compose()
  const calls: string[] = []
  network.start()
  network.wake()
  const stopped = network.stop().then(() => calls.push('stopped'))
  expect(calls).toEqual([])
  start.resolve(runningNetwork({ wake: () => void calls.push('wake'), stop: async () => void calls.push('stop') }))
  await stopped
  expect(calls).toEqual(['wake', 'stop', 'stopped'])
})

test('a network that was never started stops at once', async () => {
  await compose().network.stop()
})

test('wakes that come during the start are one, and none reaches a node that was stopped', async () => {
  const { network, start } = compose()
  const wake = vi.fn()
  network.start()
  for (let times = 0; times < 3; times += 1) network.wake()
  start.resolve(runningNetwork({ wake }))
  await network.started
  expect(wake).toHaveBeenCalledTimes(1)
  network.wake()
  await network.started
  expect(wake).toHaveBeenCalledTimes(2)
  await network.stop()
  network.wake()
  await network.started
  expect(wake).toHaveBeenCalledTimes(2)
})

test('a network that was stopped before its start never starts, and nobody waits for it', async () => {
  const { network, startNetwork } = compose()
  await network.stop()
  network.start()
  expect(await network.started).toBe(false)
  expect(startNetwork).not.toHaveBeenCalled()
})
