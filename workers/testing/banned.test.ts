import { afterEach, expect, it } from 'vitest'
import { createTestNetwork, until } from './relay-network.ts'

const network = createTestNetwork()
afterEach(() => network.stopAll())

it('a banned peer is rejected, directly and through the relay, until the ban ends', async () => {
  const relay = await network.startRelay()
  const address = relay.addressFor(undefined)
  const banned = new Set<string>()
  const bannedTab = await network.startTab([address], { target: 0 })
  banned.add(bannedTab.libp2p.peerId.toString())
  const victim = await network.startTab([address], { isBanned: (peer) => banned.has(peer) })
  const other = await network.startTab([address], { target: 0 })
  const { libp2p } = victim
  const opened: string[] = []
  libp2p.addEventListener('connection:open', ({ detail }) => opened.push(detail.remotePeer.toString()))
  await until('the victim has a reservation', () =>
    libp2p.getMultiaddrs().some((each) => `${each}`.includes('p2p-circuit')),
  )

  for (const way of libp2p.getMultiaddrs()) {
    await other.libp2p.dial(way)
    await until('another peer is accepted', () => opened.includes(other.libp2p.peerId.toString()))
    // The dialling side may have its connection before it is rejected.
    await bannedTab.libp2p.dial(way, { force: true }).catch(() => {})
    await until('the banned peer is rejected', () => bannedTab.libp2p.getConnections(libp2p.peerId).length === 0)
  }
  expect(opened).not.toContain(bannedTab.libp2p.peerId.toString())

  banned.clear()
  await bannedTab.libp2p.dial(libp2p.getMultiaddrs())
  await until('it is accepted again', () => opened.includes(bannedTab.libp2p.peerId.toString()))
})
