import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type TrafficProtocol, trafficProtocols } from '../contract/sample-columns.ts'
import { trafficProtocolOf } from './counted-streams.ts'
import { createTraffic, type Direction } from './traffic.ts'

const counted = fc.array(
  fc.record({
    afterMs: fc.nat(4_000),
    direction: fc.constantFrom<Direction>('in', 'out'),
    protocol: fc.constantFrom<TrafficProtocol>(...trafficProtocols),
    peer: fc.constantFrom('a', 'b', undefined),
    bytes: fc.nat(1_000_000),
  }),
  { maxLength: 60 },
)

test('sums by protocol and by peer, in total and over the last ten seconds', () => {
  fc.assert(
    fc.property(counted, fc.nat(20_000), (messages, quietMs) => {
      let time = 12_345
      const traffic = createTraffic(() => time)
      const log = messages.map(({ afterMs, ...message }) => {
        time += afterMs
        traffic.count(message.direction, message.protocol, message.peer, message.bytes)
        return { ...message, second: Math.floor(time / 1_000) }
      })
      time += quietMs
      const now = Math.floor(time / 1_000)
      const sum = (wanted: (message: (typeof log)[number]) => boolean): number =>
        log.filter(wanted).reduce((total, { bytes }) => total + bytes, 0)
      for (const protocol of trafficProtocols)
        for (const direction of ['in', 'out'] as const)
          expect(traffic.total(direction, protocol)).toBe(
            sum((each) => each.protocol === protocol && each.direction === direction),
          )
      for (const peer of ['a', 'b', 'stranger']) {
        const of = (direction: Direction, seconds: number): number =>
          sum((each) => each.peer === peer && each.direction === direction && each.second > now - seconds)
        expect(traffic.ofPeer(peer)).toEqual({
          in: of('in', Number.POSITIVE_INFINITY),
          out: of('out', Number.POSITIVE_INFINITY),
          recentIn: of('in', 10),
          recentOut: of('out', 10),
        })
      }
    }),
  )
})

test('forgets the peer that has been quiet for longest at the limit, and keeps the totals by protocol', () => {
  let time = 0
  const traffic = createTraffic(() => time, { peers: 3 })
  for (const peer of ['first', 'second', 'third', 'first', 'fourth']) {
    time += 1_000
    traffic.count('in', 'sync', peer, 10)
  }
  expect(['first', 'second', 'third', 'fourth'].map((peer) => traffic.ofPeer(peer).in)).toEqual([20, 0, 10, 10])
  expect(traffic.total('in', 'sync')).toBe(50)
})

test('assigns protocol ids of any version to a class', () => {
  const ids = [
    '/ggen/piece/1.0.0',
    '/ggen/sync/2.1.0',
    '/ggen/query/1.0.0',
    '/ggen/kad/1.0.0',
    '/meshsub/1.2.0',
    '/libp2p/circuit/relay/0.2.0/hop',
    '/webrtc-signaling/0.0.1',
    '/ipfs/ping/1.0.0',
    '',
  ]
  expect(ids.map(trafficProtocolOf)).toEqual([
    'piece',
    'sync',
    'query',
    'dht',
    'gossip',
    'relay',
    'relay',
    'other',
    'other',
  ])
})
