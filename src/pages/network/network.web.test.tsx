import { expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import { engineError, failureText } from '../../testing/fixtures/reasons.ts'
import { caches, peers, statuses } from '../../testing/fixtures/status.ts'
import { expectTabOrder } from '../../testing/keyboard.ts'
import { until } from '../../testing/shown-page.tsx'
import { field, openState, press, testViewStates, untilShown } from '../../testing/view-states.ts'
import { controlText } from '../../text/controls.ts'
import { networkText } from '../../text/network.ts'
import { noticeText } from '../../text/notices.ts'

const address = '/network'
const shows = networkText.connectTitle
const { direct: status } = statuses

testViewStates([
  { name: 'before the engine is up', address, state: { engine: { phase: 'starting' } }, shows: networkText.starting },
  ...Object.entries(statuses).map(([name, each]) => ({ name, address, state: { status: each }, shows })),
  { name: 'peers', address, state: { status }, answers: { peers: async () => peers }, shows: networkText.roundTrip },
  { name: 'many lookups', address, state: { status, cache: caches.many }, shows: networkText.lookups },
  { name: 'one lookup', address, state: { status, cache: caches.one }, shows: networkText.lookups },
  { name: 'no lookups', address, state: { status, cache: caches.none }, shows: networkText.noLookups },
  {
    name: 'a connection that failed',
    address,
    state: { status },
    answers: { connect: async () => Promise.reject(engineError('PeerUnreachable')) },
    act: { before: shows, type: [networkText.address, '/ip4/127.0.0.1/tcp/1'], press: [networkText.connect] },
    shows: failureText('PeerUnreachable'),
  },
])

test('the form connects to the address without spaces around it, and is empty afterwards', async () => {
  const connect = vi.fn(async () => {})
  const load = vi.fn(async () => peers)
  await openState({ address, state: { status }, answers: { connect, peers: load }, shows })
  await press(networkText.connect)
  expect(connect).not.toHaveBeenCalled()
  await userEvent.fill(field(networkText.address), ' /dns4/relay.example.org/tcp/443/wss ')
  await press(networkText.connect)
  await untilShown(noticeText.connected)
  expect(connect.mock.calls).toEqual([['/dns4/relay.example.org/tcp/443/wss']])
  expect(field(networkText.address).value).toBe('')
  await until('the peers are asked for again', () => load.mock.calls.length === 2)
})

test('an address that leads nowhere stays in the form, which is marked as wrong', async () => {
  const connect = vi.fn(async () => Promise.reject(engineError('PeerUnreachable')))
  await openState({ address, state: { status }, answers: { connect }, shows })
  await userEvent.fill(field(networkText.address), '/nowhere')
  await press(networkText.connect)
  await untilShown(failureText('PeerUnreachable'))
  expect(field(networkText.address).value).toBe('/nowhere')
  expect(field(networkText.address).getAttribute('aria-invalid')).toBe('true')
})

test('the peers are asked for when the page opens and when the number of connections changes', async () => {
  const load = vi.fn(async () => peers)
  const page = await openState({ address, state: { status }, answers: { peers: load }, shows: networkText.roundTrip })
  expect(load).toHaveBeenCalledTimes(1)
  page.setState({ status: { ...status, connections: 9 } })
  await until('they are asked for', () => load.mock.calls.length === 2)
})

test('ids and addresses are copied whole', async () => {
  const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()
  await openState({ address, state: { status }, shows })
  await press(controlText.copyRelayAddress)
  await press(controlText.copyPublisherId)
  await press(controlText.copyPeerId)
  expect(write.mock.calls.flat()).toEqual([status.relays[0]?.address, status.publisherId, status.peerId])
})

test('the keyboard reaches every control in order', async () => {
  await openState({ address, state: { status }, shows })
  await expectTabOrder()
})
