import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, describe, expect, it } from 'vitest'
import { isDirect } from '../workers/net/addresses.ts'
import { PACKAGES_TOPIC } from '../workers/protocol/protocols.ts'
import { untraced } from '../workers/telemetry/operation.ts'
import { createTestNetwork, type TestNode, until } from '../workers/testing/relay-network.ts'

const network = createTestNetwork()
afterEach(network.stopAll)

const direct = (node: TestNode): string[] => node.pool.directPeers().map(String)

const echo = '/ggen/test-echo/1.0.0'

const serveEcho = (node: TestNode): Promise<void> =>
  node.libp2p.handle(echo, async (stream) => void stream.close(), { runOnLimitedConnection: true })

describe('peer finder', () => {
  it('connects a tab to existing tabs that it finds through the relay', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const first = await network.startTab([address])
    await until('the relay lists the first tab', () => relay.health().routingTable === 1)
    expect(first.finder.step()).toMatchObject({ state: 'failed' })
    const second = await network.startTab([address])
    await until('they are connected', () => direct(first).length === 1 && direct(second).length === 1)
    expect(direct(first)).toEqual([second.libp2p.peerId.toString()])
    expect(second.finder.step()).toEqual({ state: 'ok' })
  })

  it('connects tabs that start at the same time', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const tabs = await Promise.all([0, 1, 2].map(() => network.startTab([address])))
    await until('each is connected to both others', () => tabs.every((node) => direct(node).length === 2))
  })

  it('stops at its target and searches again when it loses a peer', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const others = await Promise.all([0, 1, 2, 3].map(() => network.startTab([address], { target: 0 })))
    await until('the relay lists all tabs', () => relay.health().routingTable === 4)
    const node = await network.startTab([address], { target: 2 })
    await until('it has two peers', () => direct(node).length === 2)
    const lost = others.find(({ libp2p }) => libp2p.peerId.toString() === direct(node)[0])
    await lost?.stop()
    await until('it has found another', () => {
      const peers = direct(node)
      return peers.length === 2 && !peers.includes(lost?.libp2p.peerId.toString() ?? '')
    })
  })

  it('does not dial banned peers', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const banned = await network.startTab([address], { target: 0 })
    const other = await network.startTab([address], { target: 0 })
    await until('the relay lists both tabs', () => relay.health().routingTable === 2)
    const node = await network.startTab([address], { isBanned: (peer) => peer === banned.libp2p.peerId.toString() })
    await until('it is connected to the other tab', () => direct(node).length === 1)
    expect(direct(node)).toEqual([other.libp2p.peerId.toString()])
    expect(node.libp2p.getConnections(banned.libp2p.peerId)).toEqual([])
  })

  it('dials remembered peers without a relay, and absent ones do not delay it', async () => {
    const other = await network.startTab([], { target: 0 })
    const gone = await network.startTab([], { target: 0 })
    const infos = [gone, other].map(({ libp2p }) => ({ id: libp2p.peerId, multiaddrs: libp2p.getMultiaddrs() }))
    await gone.stop()
    const node = await network.startTab([], { knownPeers: infos })
    await until('it is connected to the running peer', () => direct(node).length === 1)
    expect(direct(node)).toEqual([other.libp2p.peerId.toString()])
  })

  it('keeps one direct connection after both sides have dialled', async () => {
    const [one, two] = await Promise.all([0, 1].map(() => network.startTab([], { target: 0 })))
    if (one === undefined || two === undefined) throw new Error('unreachable')
    const dial = (from: TestNode, to: TestNode) => from.libp2p.dial(to.libp2p.getMultiaddrs(), { force: true })
    await Promise.all([dial(one, two), dial(two, one)])
    const between = () => [one.libp2p.getConnections(two.libp2p.peerId), two.libp2p.getConnections(one.libp2p.peerId)]
    await until('one connection remains on both sides', () => between().every(({ length }) => length === 1))
    for (const node of [one, two]) node.libp2p.services.pubsub.subscribe(PACKAGES_TOPIC)
    const hears = (node: TestNode) => node.libp2p.services.pubsub.getSubscribers(PACKAGES_TOPIC).length === 1
    await until('gossip runs over the remaining connection in both directions', () => hears(one) && hears(two))
  })

  it('keeps its direct peers when the relay stops', async () => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const [one, two] = await Promise.all([0, 1].map(() => network.startTab([address])))
    if (one === undefined || two === undefined) throw new Error('unreachable')
    await until('they are connected', () => direct(one).length === 1 && direct(two).length === 1)
    await relay.stop()
    await until('the tab has noticed the loss', () => one.keeper.relays()[0]?.connected === false)
    expect([direct(one).length, direct(two).length]).toEqual([1, 1])
  })
})

describe('openStream', () => {
  /** Two tabs connected to the relay but not to each other. */
  const startPair = async (options: { direct: boolean }): Promise<[TestNode, TestNode]> => {
    const relay = await network.startRelay()
    const address = relay.addressFor(undefined)
    const tabs = await Promise.all([0, 1].map(() => network.startTab([address], { target: 0, ...options })))
    const [one, two] = tabs
    if (one === undefined || two === undefined) throw new Error('unreachable')
    await until('both have a reservation', () => tabs.every(({ keeper }) => keeper.relays()[0]?.reserved === true))
    await serveEcho(two)
    return [one, two]
  }

  it('uses an existing direct connection', async () => {
    const [one, two] = await startPair({ direct: true })
    const own = two.libp2p.getMultiaddrs().find((address) => !address.toString().includes('p2p-circuit'))
    if (own === undefined) throw new Error('unreachable')
    const connection = await one.libp2p.dial(own)
    const stream = await one.pool.openStream(two.libp2p.peerId.toString(), echo, {
      operation: untraced(),
      direct: true,
    })
    expect(connection.streams).toContain(stream)
  })

  it('dials a relayed connection when no direct one succeeds, if allowed', async () => {
    const [one, two] = await startPair({ direct: false })
    const peer = two.libp2p.peerId.toString()
    const stream = await one.pool.openStream(peer, echo, { operation: untraced(), direct: false })
    expect(stream.protocol).toBe(echo)
    expect(one.libp2p.getConnections(two.libp2p.peerId).map(isDirect)).toEqual([false])
    await expect(one.pool.openStream(peer, echo, { operation: untraced(), direct: true })).rejects.toMatchObject({
      name: 'PeerUnreachable',
    })
  })

  it('reuses an existing relayed connection', async () => {
    const [one, two] = await startPair({ direct: false })
    const relayed = one.keeper.relays()[0]?.address
    const connection = await one.libp2p.dial(multiaddr(`${relayed}/p2p-circuit/p2p/${two.libp2p.peerId}`))
    const stream = await one.pool.openStream(two.libp2p.peerId.toString(), echo, {
      operation: untraced(),
      direct: false,
    })
    expect(connection.streams).toContain(stream)
  })

  it('ends by its timeout and by its signal when the peer is silent', async () => {
    const [one, two] = await startPair({ direct: false })
    const peer = two.libp2p.peerId.toString()
    // The peer accepts the relayed connection and then stays silent.
    const silent = '/ggen/test-silent/1.0.0'
    const never = new Promise<void>(() => {})
    for (const connection of one.libp2p.getConnections())
      connection.newStream = () => never.then(() => Promise.reject())
    await expect(
      one.pool.openStream(peer, silent, { operation: untraced(), direct: false, timeoutMs: 300 }),
    ).rejects.toMatchObject({ name: 'Timeout' })
    const abort = new AbortController()
    const opening = one.pool.openStream(peer, silent, { operation: untraced(abort.signal), direct: false })
    abort.abort()
    await expect(opening).rejects.toMatchObject({ name: 'Cancelled' })
    await expect(
      one.pool.openStream(peer, silent, { operation: untraced(abort.signal), direct: false }),
    ).rejects.toMatchObject({ name: 'Cancelled' })
  })

  it('fails with PeerUnreachable for an absent peer, an unsupported protocol and an invalid peer id', async () => {
    const [one, two] = await startPair({ direct: false })
    const gone = (await network.startTab([])).libp2p.peerId.toString()
    for (const [peer, protocol] of [
      [gone, echo],
      [two.libp2p.peerId.toString(), '/ggen/unknown/1.0.0'],
      ['no peer id', echo],
    ] as const)
      await expect(one.pool.openStream(peer, protocol, { operation: untraced(), direct: false })).rejects.toMatchObject(
        { name: 'PeerUnreachable' },
      )
  })
})
