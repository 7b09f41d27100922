import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { createGater } from './gater.ts'

const peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const relayPeer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const anyConnection = {} as MultiaddrConnection
const relay = `/ip4/192.168.1.7/tcp/9001/ws/p2p/${relayPeer}`

describe('gater', () => {
  const { gater } = createGater([relay], { isFull: () => false, isBanned: () => false })

  it.each([
    ['/ip4/127.0.0.1/tcp/1/ws', false],
    ['/ip4/127.10.0.1/tcp/1/ws', false],
    ['/ip6/::1/tcp/1/ws', false],
    ['/dns4/localhost/tcp/1/ws', false],
    [relay, false],
    ['/ip4/192.168.1.7/tcp/9001/ws', false],
    ['/ip4/192.168.1.7/tcp/9002/ws', true],
    ['/ip4/192.168.1.8/tcp/9001/ws', true],
    ['/dns4/example.org/tcp/80/ws', true],
    ['/dns4/localhost.example.org/tcp/80/ws', true],
    ['/dns4/example.org/tcp/443/tls/ws', false],
    ['/dns4/example.org/tcp/443/wss', false],
    [`${relay}/p2p-circuit/p2p/${peer}`, false],
    [`/dns4/example.org/tcp/80/ws/p2p/${relayPeer}/p2p-circuit/webrtc/p2p/${peer}`, false],
  ])('%s: denied is %s', (address, denied) => {
    expect(gater.denyDialMultiaddr?.(multiaddr(address))).toBe(denied)
  })

  it('denies peers when there are enough connections, except relays and permitted peers', () => {
    let full = false
    const { gater, permit } = createGater([relay], { isFull: () => full, isBanned: () => false })
    expect(gater.denyDialPeer?.(peer)).toBe(false)
    full = true
    expect(gater.denyDialPeer?.(peer)).toBe(true)
    expect(gater.denyDialPeer?.(relayPeer)).toBe(false)
    const first = permit(peer.toString())
    const second = permit(peer.toString())
    first()
    first()
    expect(gater.denyDialPeer?.(peer)).toBe(false)
    second()
    expect(gater.denyDialPeer?.(peer)).toBe(true)
  })

  it('neither dials nor accepts banned peers, except relays', () => {
    const banned = new Set([peer.toString(), relayPeer.toString()])
    const { gater, permit } = createGater([relay], { isFull: () => false, isBanned: (id) => banned.has(id) })
    permit(peer.toString())
    expect(gater.denyDialPeer?.(peer)).toBe(true)
    expect(gater.denyInboundUpgradedConnection?.(peer, anyConnection)).toBe(true)
    expect(gater.denyDialPeer?.(relayPeer)).toBe(false)
    expect(gater.denyInboundUpgradedConnection?.(relayPeer, anyConnection)).toBe(false)
    banned.clear()
    expect(gater.denyDialPeer?.(peer)).toBe(false)
    expect(gater.denyInboundUpgradedConnection?.(peer, anyConnection)).toBe(false)
  })
})
