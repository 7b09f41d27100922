import { afterEach, expect, it } from 'vitest'
import { createTestNetwork, until } from './relay-network.ts'

const network = createTestNetwork()
afterEach(() => network.stopAll())

it('a banned peer is not let in, by its own way or through the relay, until the ban ends', async () => {
  const relay = await network.startRelay()
  const address = relay.addressFor(undefined)
  const banned = new Set<string>()
  const outcast = await network.startTab([address], { target: 0 })
  banned.add(outcast.node.peerId.toString())
  const victim = await network.startTab([address], { isBanned: (peer) => banned.has(peer) })
  const other = await network.startTab([address], { target: 0 })
  const { node } = victim
  const opened: string[] = []
  node.addEventListener('connection:open', ({ detail }) => opened.push(detail.remotePeer.toString()))
  await until('the victim has a reservation', () =>
    node.getMultiaddrs().some((each) => `${each}`.includes('p2p-circuit')),
  )

  for (const way of node.getMultiaddrs()) {
    await other.node.dial(way)
    await until('another is let in', () => opened.includes(other.node.peerId.toString()))
    // The one who dials may have its end before it is turned away.
    await outcast.node.dial(way, { force: true }).catch(() => {})
    await until('the outcast is turned away', () => outcast.node.getConnections(node.peerId).length === 0)
  }
  expect(opened).not.toContain(outcast.node.peerId.toString())

  banned.clear()
  await outcast.node.dial(node.getMultiaddrs())
  await until('it is let in again', () => opened.includes(outcast.node.peerId.toString()))
})
