import { lpStream } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { sha256 } from 'multiformats/hashes/sha2'
import { afterEach, describe, expect, test } from 'vitest'
import { encodeQuestion, messageTypes } from '../dht/message.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { createTestNetwork, type TestNode, until } from './relay-network.ts'

/** A stranger stores provider records at a real relay, with addresses that do not lead to it. */

const network = createTestNetwork()
afterEach(() => network.stopAll())

/** Without a limit, dials would never stop, all in one task: after this many, no dial ends. */
const endless = 500

const countDials = ({ libp2p }: TestNode): { count: number } => {
  const dials = { count: 0 }
  const { dial } = libp2p
  libp2p.dial = (...given) => {
    dials.count += 1
    return dials.count > endless ? new Promise(() => {}) : dial.apply(libp2p, given)
  }
  return dials
}

/** Announces to the relay over the protocol that this peer is a provider with these addresses. */
const claim = async ({ libp2p }: TestNode, addresses: readonly Multiaddr[]): Promise<void> => {
  const [connection] = libp2p.getConnections()
  if (connection === undefined) throw new Error('it is not connected to the relay')
  const stream = await connection.newStream(KAD_PROTOCOL)
  const key = (await sha256.digest(new Uint8Array([1]))).bytes
  const provider = { id: libp2p.peerId.toMultihash().bytes, multiaddrs: addresses.map(({ bytes }) => bytes) }
  await lpStream(stream).write(encodeQuestion({ type: messageTypes.addProvider, key, providers: [provider] }))
  await stream.close()
}

const reserved = (node: TestNode): boolean => node.keeper.relays().some((each) => each.reserved)

describe('a provider whose address is', () => {
  const kinds: Record<string, (relay: string, self: string) => string[]> = {
    'that of the relay': (relay) => [relay],
    'that of the relay, without its id': (relay) => [relay.replace(/\/p2p\/.*/, '')],
    'that of its reader': (relay, self) => [`${relay}/p2p-circuit/p2p/${self}`, `/ip4/127.0.0.1/tcp/9/ws/p2p/${self}`],
    'through the relay to the relay': (relay) => [`${relay}/p2p-circuit/p2p/${relay.split('/').at(-1)}`],
    'many ports of this machine': () => Array.from({ length: 100 }, (_, n) => `/ip4/127.0.0.1/tcp/${n + 1}/ws`),
    'the same many times': (relay) => Array.from({ length: 100 }, () => relay),
  }

  test.each(Object.entries(kinds))(
    '%s costs few dials, and hides nobody',
    async (_what, addressesOf) => {
      const relay = await network.startRelay()
      const address = relay.addressFor(undefined)
      const victim = await network.startTab([address])
      // The stranger does not listen, so that it has only the claimed addresses.
      const stranger = await network.startTab([], { direct: false })
      await stranger.libp2p.dial(multiaddr(address))
      await until('the victim has the relay', () => reserved(victim))
      const dials = countDials(victim)
      const addresses = addressesOf(address, victim.libp2p.peerId.toString())
      await claim(
        stranger,
        addresses.map((each) => multiaddr(each)),
      )
      await until('the relay names both', () => relay.health().routingTable > 1)
      victim.finder.wake()
      const honest = await network.startTab([address])
      const others = countDials(honest)
      await until('an honest tab is found', () =>
        victim.pool.directPeers().some((peer) => peer.equals(honest.libp2p.peerId)),
      )
      expect(dials.count).toBeLessThan(30)
      expect(others.count).toBeLessThan(30)
    },
    60_000,
  )
})
