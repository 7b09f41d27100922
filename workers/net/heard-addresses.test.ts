import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { dialableAddresses, maxAddresses } from './heard-addresses.ts'

const newId = async (): Promise<string> => peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
const [self, peer, other, relayId, farRelay] = [
  await newId(),
  await newId(),
  await newId(),
  await newId(),
  await newId(),
]

const worldRelay = `/dns4/relay.example.org/tcp/443/wss/p2p/${relayId}`
const lanRelay = `/ip4/192.168.1.7/tcp/9001/ws/p2p/${relayId}`
const localRelay = `/ip4/127.0.0.1/tcp/9001/ws/p2p/${relayId}`

const dialable = (address: string, relay = worldRelay): string[] =>
  dialableAddresses([multiaddr(multiaddr(address).bytes)], peer, { self, relays: [multiaddr(relay)] }).map(String)

describe('an address named for a peer', () => {
  it.each([
    [`${worldRelay}/p2p-circuit/webrtc/p2p/${peer}`],
    [`${worldRelay}/p2p-circuit/webrtc`],
    [`${worldRelay}/p2p-circuit/p2p/${peer}`],
    [`${worldRelay}/p2p-circuit`],
    [`/dns4/other.example.org/tcp/443/wss/p2p/${farRelay}/p2p-circuit/webrtc/p2p/${peer}`],
    [`/ip4/8.8.8.8/tcp/443/tls/ws/p2p/${peer}`],
    ['/ip4/8.8.8.8/tcp/443/tls/ws'],
    ['/ip6/2606:4700::1111/tcp/443/tls/ws'],
    ['/ip4/8.8.8.8/tcp/443/tls/sni/8-8-8-8.example.org/ws'],
    ['/dns4/XN--bcher-kva.example./tcp/443/wss'],
    ['/dns4/10.example.org/tcp/443/wss'],
  ])('%s leads to it', (address) => {
    const [found] = dialable(address)
    expect(found?.endsWith(`/p2p/${peer}`)).toBe(true)
  })

  it.each([
    ['the relay itself', worldRelay],
    ['the relay in its place', worldRelay.replace(/\/p2p\/.*/, '')],
    ['the relay in its place, with its id', worldRelay.replace(relayId, peer)],
    ['another peer', `/ip4/8.8.8.8/tcp/443/tls/ws/p2p/${other}`],
    ['another peer through a relay', `${worldRelay}/p2p-circuit/webrtc/p2p/${other}`],
    ['this node', `/ip4/8.8.8.8/tcp/443/tls/ws/p2p/${self}`],
    ['this node as a relay', `/ip4/8.8.8.8/tcp/443/wss/p2p/${self}/p2p-circuit/p2p/${peer}`],
    ['the peer as its own relay', `/ip4/8.8.8.8/tcp/443/wss/p2p/${peer}/p2p-circuit/p2p/${peer}`],
    ['two relays', `${worldRelay}/p2p-circuit/p2p/${farRelay}/p2p-circuit/p2p/${peer}`],
    ['a relay without a name', `/ip4/8.8.8.8/tcp/443/wss/p2p-circuit/p2p/${peer}`],
    ['no host', `/p2p/${peer}`],
    ['a relay without a host', `/p2p/${relayId}/p2p-circuit/p2p/${peer}`],
    ['WebRTC without a relay', `/ip4/8.8.8.8/tcp/443/tls/ws/webrtc/p2p/${peer}`],
    ['this machine', '/ip4/127.0.0.1/tcp/80/ws'],
    ['this machine by IPv6', '/ip6/::1/tcp/80/ws'],
    ['this machine by name', '/dns4/localhost/tcp/80/ws'],
    ['this machine by a subdomain of localhost', '/dns4/a.localhost/tcp/80/ws'],
    ['any address', '/ip4/0.0.0.0/tcp/80/ws'],
    ['this machine as a mapped IPv4 address', '/ip6/::ffff:127.0.0.1/tcp/80/ws'],
    ['the router', '/ip4/192.168.1.1/tcp/443/tls/ws'],
    ['the router by name', '/dns4/router/tcp/443/wss'],
    ['a printer', '/dns4/printer.local/tcp/443/wss'],
    ['a private network', '/ip4/10.1.2.3/tcp/443/tls/ws'],
    ['a private network in the middle', '/ip4/172.20.0.1/tcp/443/tls/ws'],
    ['link-local', '/ip4/169.254.169.254/tcp/443/tls/ws'],
    ['unique local', '/ip6/fd00::1/tcp/443/tls/ws'],
    ['this machine as a name', '/dns4/127.0.0.1/tcp/80/ws'],
    ['this machine as a short number', '/dns/127.1/tcp/80/ws'],
    ['this machine as a hexadecimal number', '/dns4/a.0x7f000001/tcp/80/ws'],
    ['this machine in wide digits', '/dns4/１27.0.0.1/tcp/80/ws'],
    ['this machine in brackets', '/dns6/[::ffff:127.0.0.1]/tcp/80/ws'],
    ['this machine behind a user', '/dns4/a.example@localhost/tcp/80/ws'],
    ['this machine before a path', '/dns4/localhost#a.example/tcp/80/ws'],
    ['this machine as an old kind of IPv6 address', '/ip6/::127.0.0.1/tcp/80/ws'],
    ['this machine translated', '/ip6/64:ff9b::7f00:1/tcp/80/ws'],
    ['this machine by 6to4', '/ip6/2002:7f00:1::/tcp/80/ws'],
    ['this machine in a zone', '/ip6zone/a.b/ip6/::1/tcp/80/ws'],
    ['this machine as the host of TLS', '/ip4/8.8.8.8/tcp/443/tls/sni/localhost/ws'],
    ['the router as the host of TLS', '/ip4/8.8.8.8/tcp/443/tls/sni/router.local/ws'],
    ['a number as the host of TLS', '/ip4/8.8.8.8/tcp/443/tls/sni/192.168.1.1/ws'],
    ['this machine after another', '/ip4/8.8.8.8/tcp/443/ip4/127.0.0.1/tcp/80/ws'],
    ['the router as a name', '/dns4/192.168.1.1/tcp/443/wss'],
    ['a dnsaddr', '/dnsaddr/example.org/tcp/443/wss'],
    ['a file', '/unix/%2Ftmp%2Fsocket'],
    ['a relay on this machine as a name', `/dns4/127.0.0.1/tcp/22/ws/p2p/${farRelay}/p2p-circuit/p2p/${peer}`],
    ['a relay on this machine', `/ip4/127.0.0.1/tcp/22/ws/p2p/${farRelay}/p2p-circuit/p2p/${peer}`],
  ])('that is %s is not dialled', (_what, address) => {
    expect(dialable(address)).toEqual([])
  })

  it('may be on this machine or its network if a relay is there too', () => {
    const [machine, network] = ['/ip4/127.0.0.1/tcp/80/ws', '/ip4/192.168.1.9/tcp/443/tls/ws']
    expect([dialable(machine, localRelay).length, dialable(network, localRelay).length]).toEqual([1, 1])
    expect([dialable(machine, lanRelay).length, dialable(network, lanRelay).length]).toEqual([0, 1])
  })

  it('may be of the relay, for that relay', () => {
    const found = dialableAddresses([multiaddr(worldRelay)], relayId, { self, relays: [multiaddr(worldRelay)] })
    expect(found.map(String)).toEqual([worldRelay])
  })
})

const part = fc.oneof(
  fc.constantFrom('127.0.0.1', '8.8.8.8', '10.0.0.1', '0.0.0.0').map((host) => `/ip4/${host}`),
  fc.constantFrom('localhost', 'example.org', 'router', 'a.local').map((host) => `/dns4/${host}`),
  fc.integer({ min: 0, max: 65_535 }).map((port) => `/tcp/${port}`),
  fc.constantFrom('/ws', '/wss', '/tls', '/p2p-circuit', '/webrtc'),
  fc.constantFrom(self, peer, other, relayId, farRelay).map((id) => `/p2p/${id}`),
)
const address = fc.array(part, { maxLength: 12 }).map((parts): Multiaddr[] => {
  try {
    return [multiaddr(parts.join(''))]
  } catch {
    return []
  }
})

test('of arbitrary addresses few remain, without duplicates, and only ones that lead to that peer', () => {
  fc.assert(
    fc.property(
      fc.array(address, { maxLength: 80 }),
      fc.constantFrom(worldRelay, lanRelay, localRelay),
      (heard, relay) => {
        const found = dialableAddresses(heard.flat(), peer, { self, relays: [multiaddr(relay)] })
        expect(found.length).toBeLessThanOrEqual(maxAddresses)
        expect(new Set(found.map(String)).size).toBe(found.length)
        for (const each of found) {
          const peers = each.getComponents().flatMap(({ name, value }) => (name === 'p2p' ? [value] : []))
          expect(peers.at(-1)).toBe(peer)
          expect(peers.length).toBeLessThanOrEqual(2)
          expect(peers).not.toContain(self)
          expect(each.toString().startsWith(`${relay.replace(/\/p2p\/.*/, '')}/p2p/${peer}`)).toBe(false)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('of very many addresses only the first are read', () => {
  let read = 0
  const endless = new Proxy([] as Multiaddr[], {
    get(target, key) {
      if (key === 'length') return 1_000_000
      if (typeof key === 'string' && /^\d+$/.test(key)) {
        read += 1
        return multiaddr(`/ip4/127.0.0.1/tcp/${Number(key) % 60_000}/ws`)
      }
      return key === 'slice'
        ? (from: number, to: number) => Array.from({ length: to - from }, (_, n) => endless[n])
        : Reflect.get(target, key)
    },
  })
  expect(dialableAddresses(endless, peer, { self, relays: [multiaddr(worldRelay)] })).toEqual([])
  expect(read).toBeLessThanOrEqual(64)
})
