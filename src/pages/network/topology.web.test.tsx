import { expect, test } from 'vitest'
import { page as browserPage, userEvent } from 'vitest/browser'
import type { PeerView, StatusView } from '../../../workers/contract/views.ts'
import { livelyPeers, peerAt, peerIdAt } from '../../testing/fixtures/peers.ts'
import { statuses } from '../../testing/fixtures/status.ts'
import { until } from '../../testing/shown-page.tsx'
import { findControl, openState, testViewStates, untilShown } from '../../testing/view-states.ts'
import { topologyText } from '../../text/topology.ts'
import { peerSentence, recentTraffic } from './peer-words.ts'
import { maxPlaced } from './topology-layout.ts'

const address = '/network'
const { direct: status } = statuses
const relayOnly = [peerAt(0)]

const state = (name: string, peers: PeerView[], shows: string, of = status) => ({
  name,
  address,
  state: { status: of },
  answers: { peers: async () => peers },
  shows,
})

testViewStates([
  state('a relay and peers of every health', livelyPeers(), '9 peers and 1 relay'),
  state('more peers than the picture holds', livelyPeers(90), topologyText.more(90 - maxPlaced)),
  state('alone', relayOnly, topologyText.aloneTitle, statuses.alone),
  state('looking for peers', relayOnly, topologyText.starting, statuses.connecting),
  state('offline', livelyPeers(), topologyText.offline, statuses.offline),
  state('only an unmeasured peer', livelyPeers().slice(7, 8), '1 peer and 0 relays'),
])

const nodes = (): SVGAElement[] => [...document.querySelectorAll<SVGAElement>('.topology-node')]
const nodeOf = (peer: PeerView): SVGAElement => {
  const found = nodes().find((each) => each.getAttribute('aria-label') === peerSentence(peer))
  if (found === undefined) throw new Error(`The picture lacks ${peer.peerId}.`)
  return found
}
const inPicture = (count: number): Promise<void> => until(`${count} peers are drawn`, () => nodes().length === count)

const openWith = async (peers: PeerView[]) => {
  const shown = { peers }
  const page = await openState({
    address,
    state: { status },
    answers: { peers: async () => shown.peers },
    shows: topologyText.title,
  })
  await inPicture(Math.min(peers.length, maxPlaced))
  const show = (peers: PeerView[], status: StatusView = statuses.direct): void => {
    // Also what the next poll answers.
    shown.peers = peers
    page.setState({ peers, status })
  }
  return { page, show }
}

const byDistance = (peers: PeerView[]): PeerView[] =>
  [...peers].sort((a, b) => (a.rttMs ?? Number.POSITIVE_INFINITY) - (b.rttMs ?? Number.POSITIVE_INFINITY))

test('the arrow keys go from the nearest to the farthest peer, and Enter opens it', async () => {
  const peers = livelyPeers()
  const { page } = await openWith(peers)
  const order = byDistance(peers).map(peerSentence)
  expect(
    nodes()
      .map((each) => each.tabIndex)
      .filter((index) => index === 0),
  ).toHaveLength(1)
  const focused = (): string | null => document.activeElement?.getAttribute('aria-label') ?? null
  nodes()[0]?.focus()
  const visited = [focused()]
  for (const _next of order.slice(1)) {
    await userEvent.keyboard('{ArrowRight}')
    visited.push(focused())
  }
  expect(visited).toEqual(order)
  await userEvent.keyboard('{ArrowDown}')
  expect(focused()).toBe(order.at(-1))
  await userEvent.keyboard('{Home}{ArrowUp}')
  expect(focused()).toBe(order[0])
  await userEvent.keyboard('{End}{ArrowLeft}')
  expect(focused()).toBe(order.at(-2))
  // The peer of the last visit is the tab stop.
  expect(
    nodes()
      .filter((each) => each.tabIndex === 0)
      .map((each) => each.getAttribute('aria-label')),
  ).toEqual([order.at(-2)])
  await userEvent.keyboard('{Enter}')
  await until('its page is open', () => page.address() === `/network/peers/${byDistance(peers).at(-2)?.peerId}`)
})

test('a click opens the peer', async () => {
  const peers = livelyPeers()
  const { page } = await openWith(peers)
  nodeOf(peers[3] ?? peerAt(3)).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))
  await until('its page is open', () => page.address() === `/network/peers/${peerIdAt(3)}`)
})

test('the peer under the pointer or the focus is described below the picture', async () => {
  const peers = livelyPeers()
  await openWith(peers)
  const peer = peers[1] ?? peerAt(1)
  nodeOf(peer).focus()
  await untilShown(`${peerSentence(peer)}; ${recentTraffic(peer)}`)
  nodeOf(peer).blur()
  await untilShown('9 peers and 1 relay')
})

test('relays are square and peers round; relayed lines are dashed; health has a sign', async () => {
  const peers = livelyPeers()
  await openWith(peers)
  for (const peer of peers) {
    const node = nodeOf(peer)
    expect(node.querySelector('rect') !== null).toBe(peer.kind === 'relay')
  }
  const signs = [...document.querySelectorAll<SVGElement>('.topology-picture .topology-mark')].map((sign) => [
    sign.style.translate,
    sign.textContent,
  ])
  const wanted = peers.flatMap((peer) =>
    peer.health === 'healthy' ? [] : [[nodeOf(peer).style.translate, { degraded: '!', unhealthy: '×' }[peer.health]]],
  )
  expect(wanted.length).toBeGreaterThan(1)
  expect(signs.sort()).toEqual(wanted.sort())
  const dashes = (path: string) =>
    [...document.querySelectorAll(`.topology-edge.topology-${path} > line:first-child`)].map(
      (line) => getComputedStyle(line).strokeDasharray,
    )
  expect(new Set(dashes('direct'))).toEqual(new Set(['none']))
  expect(new Set(dashes('relayed'))).toEqual(new Set(['6px, 5px']))
})

test('lines move only while bytes flow, in the direction of the bytes', async () => {
  const peers = livelyPeers()
  const { show } = await openWith(peers)
  const flows = () => [
    document.querySelectorAll('.topology-in').length,
    document.querySelectorAll('.topology-out').length,
  ]
  expect(flows()).toEqual([0, 0])
  const received = peers.map((peer, index) => (index === 1 ? { ...peer, bytesIn: peer.bytesIn + 1 } : peer))
  show(received)
  await until('bytes come in', () => flows().join() === '1,0')
  const sent = received.map((peer, index) => (index < 3 ? { ...peer, bytesOut: peer.bytesOut + 1 } : peer))
  show(sent)
  await until('bytes go out', () => flows().join() === '0,3')
  show([...sent])
  await until('nothing moves', () => flows().join() === '0,0')
})

test('peers keep their direction when others join and leave', async () => {
  const peers = livelyPeers(8)
  const { show } = await openWith(peers.slice(0, 7))
  const directions = () =>
    new Map(
      nodes().map((each) => {
        const [x = 0, y = 0] = each.style.translate.split(' ').map(Number.parseFloat)
        return [each.getAttribute('href'), Math.atan2(y, x).toFixed(2)]
      }),
    )
  const before = directions()
  show(peers)
  await inPicture(8)
  for (const [href, direction] of before) expect(directions().get(href)).toBe(direction)
  show(peers.slice(1))
  await inPicture(7)
  for (const [href, direction] of directions()) if (before.has(href)) expect(before.get(href)).toBe(direction)
})

test('nothing moves below the picture and the table while peers arrive', async () => {
  for (const width of [390, 900, 1280]) {
    await browserPage.viewport(width, 900)
    const { page, show } = await openWith([])
    const height = (): number => document.querySelector('.network-pair')?.getBoundingClientRect().height ?? 0
    const empty = height()
    expect(empty).toBeGreaterThan(400)
    show(relayOnly, statuses.alone)
    await untilShown(topologyText.aloneTitle)
    expect(height()).toBe(empty)
    show(livelyPeers())
    await inPicture(10)
    expect(height()).toBe(empty)
    show(livelyPeers(90))
    await inPicture(maxPlaced)
    expect(height()).toBe(empty)
    page.stop()
  }
})

test('a second profile opens in a tab of its own', async () => {
  await openState(state('alone', relayOnly, topologyText.aloneTitle, statuses.alone))
  const link = findControl(topologyText.openSecond)
  expect(link?.getAttribute('href')).toBe('/?peer=second')
  expect(link?.getAttribute('target')).toBe('_blank')
})
