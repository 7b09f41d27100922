import { expect, test, vi } from 'vitest'
import { Failure } from '../../../workers/contract/failures.ts'
import type { PeerView } from '../../../workers/contract/views.ts'
import { livelyPeers, peerAt, peerIdAt, reputationAt, reputations } from '../../testing/fixtures/peers.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { expectModal } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { networkText } from '../../text/network.ts'
import { peersText } from '../../text/peers.ts'
import { sayFailure } from '../../text/reasons.ts'
import { absent, ranked } from './peer-order.ts'
import { peerName, shortPeerId } from './peer-words.ts'
import { partsSentence } from './score.tsx'

const address = '/network'
const { direct: status } = statuses
const known = reputations(30)

const answers = (peers: PeerView[], all = known) => ({ peers: async () => peers, reputation: async () => all })

const state = (name: string, peers: PeerView[], shows: string) => ({
  name,
  address,
  state: { status },
  answers: answers(peers),
  shows,
})

const fold = peersText.knownTitle(20)

testViewStates([
  state('ranked peers', livelyPeers(), fold),
  state('many peers', livelyPeers(60), peersText.showAll(60)),
  {
    ...state('known peers and bans', livelyPeers(), peersText.bannedFor({ span: '40 minutes' })),
    act: { before: fold, press: [`${fold}${peersText.bannedCount(2)}`] },
  },
  { ...state('no peers', [], networkText.noPeers), answers: answers([], []) },
  {
    ...state('all peers', livelyPeers(60), shortPeerId(peerIdAt(59))),
    act: { before: peersText.showAll(60), press: [peersText.showAll(60)] },
  },
  {
    ...state('before a ban', livelyPeers(), peersText.banBody),
    act: { before: fold, press: [peersText.banOf({ name: peerName(peerAt(1)) })] },
  },
  {
    ...state('before a relay is disconnected', livelyPeers(), peersText.disconnectRelay),
    act: { before: fold, press: [peersText.disconnectOf({ name: peerName(peerAt(0)) })] },
  },
])

const rows = (): string[] =>
  [...document.querySelectorAll('.ranked-peers tbody code')].map(({ textContent }) => textContent ?? '')

const openPeers = (more: object = {}, peers = livelyPeers()) =>
  openState({ address, state: { status }, answers: { ...answers(peers), ...more }, shows: fold })

test('the best peer stands first, and equal ones keep their places', async () => {
  const peers = livelyPeers()
  const page = await openPeers({}, peers)
  await press(peersText.showAll(10))
  expect(rows()).toEqual(ranked(peers).map(({ peerId }) => shortPeerId(peerId)))
  const scores = ranked(peers).map(({ score }) => score)
  expect(scores).toEqual([...scores].sort((a, b) => b - a))
  // Less than the two digits that are shown.
  page.setState({ peers: peers.map((peer) => ({ ...peer, score: Math.round(peer.score * 100) / 100 })).reverse() })
  expect(rows()).toEqual(ranked(peers).map(({ peerId }) => shortPeerId(peerId)))
})

test('the bar says the parts of a score', async () => {
  await openPeers()
  const bars = [...document.querySelectorAll('.ranked-peers .score-bar')].map((each) => each.getAttribute('aria-label'))
  expect(bars).toHaveLength(8)
  expect(bars).toContain(partsSentence(reputationAt(1).parts))
})

test('absent peers are ranked, with the bans at the end', () => {
  const order = absent(known, livelyPeers())
  expect(order).toHaveLength(20)
  const bans = order.map(({ bannedUntil }) => bannedUntil ?? 0)
  expect(bans).toEqual([...bans].sort((a, b) => a - b))
  expect(order.slice(0, 18).every(({ bannedUntil }) => bannedUntil === undefined)).toBe(true)
})

test('a ping tells the round trip, or that there was no answer', async () => {
  const ping = vi
    .fn()
    .mockResolvedValueOnce({ roundTripsMs: [12], minMs: 12, medianMs: 12, maxMs: 12 })
    .mockResolvedValueOnce({ roundTripsMs: [undefined] })
  await openPeers({ ping })
  const name = peerName(peerAt(1))
  await press(peersText.pingOf({ name }))
  await untilShown(peersText.answered({ name, roundTrip: '12 ms' }))
  await press(peersText.pingOf({ name }))
  await untilShown(peersText.notAnswered({ name }))
  expect(ping.mock.calls).toEqual([
    [peerIdAt(1), 1],
    [peerIdAt(1), 1],
  ])
})

test('a ban is confirmed first, and a relay has none', async () => {
  const ban = vi.fn(async () => {})
  await openPeers({ ban })
  expect(findControl(peersText.banOf({ name: peerName(peerAt(0)) }))).toBeUndefined()
  const name = peerName(peerAt(1))
  await press(peersText.banOf({ name }))
  await expectModal(peersText.banOf({ name }))
  expect(ban).not.toHaveBeenCalled()
  await press(peersText.banOf({ name }))
  await press(peersText.ban)
  await untilShown(peersText.banned({ name }))
  expect(ban.mock.calls).toEqual([[peerIdAt(1)]])
})

test('a disconnection is confirmed first, and its failure is told', async () => {
  const failure = new Failure('PeerUnreachable', { code: 'peer-not-connected', peer: peerIdAt(1) })
  await openPeers({ disconnect: async () => Promise.reject(failure) })
  await press(peersText.disconnectOf({ name: peerName(peerAt(1)) }))
  await press(peersText.disconnect)
  await untilShown(sayFailure(failure))
})

test('a ban can be ended', async () => {
  const unban = vi.fn(async () => {})
  await openPeers({ unban })
  await press(`${fold}${peersText.bannedCount(2)}`)
  const name = peerName({ peerId: peerIdAt(29), kind: 'peer' })
  await press(peersText.unbanOf({ name }))
  await untilShown(peersText.unbanned({ name }))
  expect(unban.mock.calls).toEqual([[peerIdAt(29)]])
})

test('the table leads to the page of a peer', async () => {
  const page = await openPeers()
  await press(shortPeerId(peerIdAt(4)))
  await until('it is open', () => page.address() === `/network/peers/${peerIdAt(4)}`)
})
