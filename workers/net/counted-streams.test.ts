import { afterAll, expect, test } from 'vitest'
import { trafficProtocols } from '../contract/sample-columns.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../testing/network.ts'

const network = createEngineNetwork()
afterAll(network.stopAll)

test('two peers agree on the bytes that they exchanged', async ({ signal }) => {
  const [a, b] = await network.startMany(['a', 'b'])
  if (a === undefined || b === undefined) throw new Error('Both started.')
  await a.publish('counted', '1.0.0', { 'data.bin': new Uint8Array(100_000).map((_, at) => at * 7) })
  await b.meet(a)
  await eventually('the package is known', async () => (await b.search({})).total === 1, signal)
  await b.install(['counted'])

  const agree = (from: EnginePeer, to: EnginePeer, protocol: (typeof trafficProtocols)[number]): boolean =>
    from.network.traffic.total('out', protocol) === to.network.traffic.total('in', protocol)
  // Messages on the way count on one side only.
  await eventually(
    'both sides agree on each protocol',
    () => (['piece', 'sync', 'gossip'] as const).every((each) => agree(a, b, each) && agree(b, a, each)),
    signal,
  )
  expect(b.network.traffic.total('in', 'piece')).toBeGreaterThan(100_000)
  // A lookup sends the protocol's name with its request, which libp2p reads before it counts.
  for (const direction of ['in', 'out'] as const)
    expect(b.network.traffic.total(direction, 'dht'), direction).toBeGreaterThan(0)

  await eventually(
    'the round trip is measured',
    () => b.network.peers.list().every(({ rttMs }) => rttMs !== undefined),
    signal,
  )
  const [seen] = b.network.peers.list()
  const total = (direction: 'in' | 'out'): number =>
    trafficProtocols.reduce((sum, each) => sum + b.network.traffic.total(direction, each), 0)
  expect([seen?.bytesIn, seen?.bytesOut]).toEqual([total('in'), total('out')])
  expect(seen?.recentBytesIn).toBeLessThanOrEqual(seen?.bytesIn ?? 0)
  expect(seen?.score).toBeGreaterThan(0)
})
