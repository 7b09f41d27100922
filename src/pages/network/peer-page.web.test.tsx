import { expect, test, vi } from 'vitest'
import { Failure } from '../../../workers/contract/failures.ts'
import type { PingView } from '../../../workers/contract/telemetry-views.ts'
import type { EngineClient } from '../../engine/client.ts'
import {
  detailOf,
  hostileDetail,
  notConnected,
  peerAt,
  peerIdAt,
  reputationAt,
  reputations,
} from '../../testing/fixtures/peers.ts'
import { health } from '../../testing/fixtures/reasons.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { expectModal, expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { networkText } from '../../text/network.ts'
import { peersText } from '../../text/peers.ts'
import { sayFailure, sayReason } from '../../text/reasons.ts'
import { peerName } from './peer-words.ts'

const id = peerIdAt(3)
const address = `/network/peers/${id}`
const peer = peerAt(3)
const name = peerName(peer)
const { direct: status } = statuses
const { reputation: _, ...withoutReputation } = detailOf(peer)

const failing = (failure: Failure, more: Partial<EngineClient> = {}): Partial<EngineClient> => ({
  peer: async () => Promise.reject(failure),
  reputation: async () => reputations(),
  ...more,
})

const malformed = new Failure('InvalidArgument', { code: 'malformed-peer-id', peer: 'nobody' })
const notStarted = new Failure('PeerUnreachable', { code: 'network-not-started' })

testViewStates([
  { name: 'loading', address, state: { status }, shows: peersText.loading },
  {
    name: 'connected',
    address,
    state: { status },
    answers: { peer: async () => detailOf(peer) },
    shows: peersText.addresses,
  },
  {
    name: 'degraded, without experience or history',
    address,
    state: { status },
    answers: {
      peer: async () => ({
        ...withoutReputation,
        ...health('degraded'),
        addresses: [],
        protocols: [],
        streams: [],
        history: { times: new Float64Array(), scores: new Float64Array(), rttMs: new Float64Array() },
      }),
    },
    shows: peersText.noAddresses,
  },
  {
    name: 'a relay',
    address: `/network/peers/${peerIdAt(0)}`,
    state: { status },
    answers: { peer: async () => detailOf(peerAt(0)) },
    shows: networkText.peerKind('relay'),
  },
  {
    name: 'texts chosen to disturb the page',
    address,
    state: { status },
    answers: { peer: async () => hostileDetail(peer) },
    shows: peersText.noHistory,
  },
  {
    name: 'known, not connected',
    address,
    state: { status },
    answers: failing(notConnected(id)),
    shows: peersText.notConnected,
  },
  {
    name: 'unknown',
    address,
    state: { status },
    answers: failing(notConnected(id), { reputation: async () => [] }),
    shows: peersText.unknown,
  },
  {
    name: 'banned',
    address,
    state: { status },
    answers: failing(notConnected(id), {
      reputation: async () => [reputationAt(3, { bannedUntil: Date.now() + 50 * 60_000 - 1, faults: 2.4 })],
    }),
    shows: peersText.bannedBody({ span: '50 minutes' }),
  },
  {
    name: 'no network',
    address,
    state: { status: statuses.offline },
    answers: failing(notStarted),
    shows: sayFailure(notStarted),
  },
  {
    name: 'no peer id',
    address: '/network/peers/nobody',
    state: { status },
    answers: failing(malformed),
    shows: peersText.malformedTitle,
  },
  {
    name: 'own id',
    address: `/network/peers/${status.peerId}`,
    state: { status },
    answers: failing(malformed),
    shows: peersText.selfTitle,
  },
  {
    name: 'before a ban',
    address,
    state: { status },
    answers: { peer: async () => detailOf(peer) },
    act: { before: peersText.addresses, press: [peersText.banOf({ name })] },
    shows: peersText.banBody,
  },
  {
    name: 'all pings lost',
    address,
    state: { status },
    answers: { peer: async () => detailOf(peer), ping: async () => ({ roundTripsMs: [undefined] }) },
    act: { before: peersText.addresses, press: [peersText.pingNow] },
    shows: peersText.allLost,
  },
])

const open = (answers: Partial<EngineClient> = {}) =>
  openState({
    address,
    state: { status },
    answers: { peer: async () => detailOf(peer), ...answers },
    shows: peersText.addresses,
  })

const shownPings = (): string[] =>
  [...document.querySelectorAll('.ping-row li')].map(({ textContent }) => textContent ?? '')

test('pings are sent one after the other and shown as they arrive, with minimum, median and maximum', async () => {
  const waiting: ((answer: PingView) => void)[] = []
  const ping = vi.fn(() => new Promise<PingView>((resolve) => waiting.push(resolve)))
  await open({ ping })
  await press(peersText.pingNow)
  for (const [at, roundTrip] of [20, undefined, 10, 40, 30].entries()) {
    await until('it is sent', () => waiting.length === at + 1)
    expect(ping).toHaveBeenCalledTimes(at + 1)
    expect(findControl(peersText.pinging({ number: at + 1, of: 5 }))?.matches(':disabled')).toBe(true)
    waiting[at]?.({ roundTripsMs: [roundTrip] })
    await until('it is shown', () => shownPings()[at] !== '')
  }
  expect(shownPings()).toEqual(['20 ms', peersText.lost, '10 ms', '40 ms', '30 ms'])
  await untilShown(peersText.pingSummary({ min: '10 ms', median: '25 ms', max: '40 ms' }))
  expect(new Set(ping.mock.calls.map((given) => JSON.stringify(given)))).toEqual(new Set([JSON.stringify([id, 1])]))
})

test('a series ends with the failure of a peer that left', async () => {
  const ping = vi
    .fn()
    .mockResolvedValueOnce({ roundTripsMs: [5] })
    .mockRejectedValueOnce(notConnected(id))
  await open({ ping })
  await press(peersText.pingNow)
  await untilShown(sayFailure(notConnected(id)))
  expect(shownPings()).toEqual(['5 ms', '', '', '', ''])
  expect(findControl(peersText.pingNow)?.matches(':disabled')).toBe(false)
})

test('no ping is sent after the page was left', async () => {
  const waiting: ((answer: PingView) => void)[] = []
  const ping = vi.fn(() => new Promise<PingView>((resolve) => waiting.push(resolve)))
  await open({ ping, peers: async () => [] })
  await press(peersText.pingNow)
  await press(peersText.back)
  await untilShown(networkText.connectTitle)
  waiting[0]?.({ roundTripsMs: [5] })
  await Promise.resolve()
  expect(ping).toHaveBeenCalledTimes(1)
})

test('a ban is confirmed, and the page then offers to end it', async () => {
  let banned = false
  const ban = vi.fn(async () => {
    banned = true
  })
  const unban = vi.fn(async () => {
    banned = false
  })
  await open({
    peer: async () => (banned ? Promise.reject(notConnected(id)) : detailOf(peer)),
    reputation: async () => [reputationAt(3, banned ? { bannedUntil: Date.now() + 3_600_000 } : {})],
    ban,
    unban,
  })
  await press(peersText.banOf({ name }))
  await expectModal(peersText.banOf({ name }))
  await press(peersText.banOf({ name }))
  await press(peersText.ban)
  await untilShown(peersText.bannedTitle)
  expect(ban.mock.calls).toEqual([[id]])
  await press(peersText.unbanOf({ name }))
  await untilShown(peersText.unbanned({ name }))
  expect(unban.mock.calls).toEqual([[id]])
})

test('a relay can be disconnected but not banned', async () => {
  const disconnect = vi.fn(async () => {})
  await openState({
    address: `/network/peers/${peerIdAt(0)}`,
    state: { status },
    answers: { peer: async () => detailOf(peerAt(0)), disconnect },
    shows: peersText.addresses,
  })
  const relay = peerName(peerAt(0))
  expect(findControl(peersText.banOf({ name: relay }))).toBeUndefined()
  await press(peersText.disconnectOf({ name: relay }))
  await untilShown(peersText.disconnectRelay)
  await press(peersText.disconnect)
  await untilShown(peersText.disconnected({ name: relay }))
  expect(disconnect.mock.calls).toEqual([[peerIdAt(0)]])
})

test('the page follows the peer', async () => {
  let rttMs = 20
  await open({ peer: async () => detailOf({ ...peer, rttMs }) })
  await untilShown('20 ms')
  rttMs = 345
  await untilShown('345 ms')
})

test('a degraded connection shows its reason', async () => {
  const bad = { ...peer, ...health('unhealthy') }
  await open({ peer: async () => detailOf(bad) })
  if (bad.healthReason === undefined) throw new Error('The fixture gives no reason.')
  await untilShown(sayReason(bad.healthReason))
})

test('the id is copied whole, and the page leads back', async () => {
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()
  const page = await open({ peers: async () => [] })
  await press(controlText.copyPeerId)
  expect(write.mock.calls).toEqual([[id]])
  await press(peersText.back)
  await until('the network page is open', () => page.address() === '/network')
})

test('the keyboard reaches every control in order', async () => {
  await open()
  await expectTabOrder()
})
