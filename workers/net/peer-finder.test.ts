import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPeerFinder } from './peer-finder.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

const relayAddress = '/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWM4UjZbpJQh7mzxEFoeC3sXDJr3aFjkbQh1yTHGrwX564'

/**
 * A finder of a tab that is connected to one tab, and to a relay unless there is none. All whom it asks name `named`
 * other tabs, and dials last for ever, so three are on their way and the rest wait.
 */
const compose = async ({ named, hasRelay = true }: { named: number; hasRelay?: boolean }) => {
  const [self, relay, tab] = [await newPeer(), await newPeer(), await newPeer()]
  const names = await Promise.all(
    Array.from({ length: named }, async (): Promise<PeerInfo> => {
      const id = await newPeer()
      return { id, multiaddrs: [multiaddr(`${relayAddress}/p2p-circuit/webrtc/p2p/${id}`)] }
    }),
  )
  const events = new EventTarget()
  const direct = (remotePeer: PeerId) => ({ remotePeer, status: 'open', direction: 'outbound', direct: true })
  const asked: PeerId[] = []
  const finder = createPeerFinder(
    {
      node: {
        peerId: self,
        getConnections: () => [...(hasRelay ? [direct(relay)] : []), direct(tab)],
        dial: () => new Promise(() => {}),
        addEventListener: events.addEventListener.bind(events),
        removeEventListener: events.removeEventListener.bind(events),
      },
      isRelay: (peer: string) => peer === relay.toString(),
      gater: { permit: () => () => {} },
      webRtc: true,
    } as never,
    { directPeers: () => [tab] } as never,
    {
      onChange() {},
      async askClosest(peer) {
        asked.push(peer)
        return names
      },
    },
  )
  return {
    finder,
    /** Whom it has asked since the last time. */
    asked: () => asked.splice(0).map((peer) => (peer.equals(relay) ? 'relay' : 'tab')),
    identified: () =>
      events.dispatchEvent(new CustomEvent('peer:identify', { detail: { peerId: tab, connection: direct(tab) } })),
  }
}

test('while more names wait than can be dialled, only relays are asked for others', async () => {
  const { finder, asked, identified } = await compose({ named: 5 })
  // Of nobody waiting at first.
  await vi.advanceTimersByTimeAsync(0)
  expect(asked()).toEqual(['relay', 'tab'])
  identified()
  await vi.advanceTimersByTimeAsync(2_000)
  const later = asked()
  expect(later.length).toBeGreaterThan(1)
  expect(new Set(later)).toEqual(new Set(['relay']))
  finder.stop()
})

test('when none waits, tabs are asked, each that we dialled at once', async () => {
  const { finder, asked, identified } = await compose({ named: 3 })
  await vi.advanceTimersByTimeAsync(0)
  asked()
  identified()
  expect(asked()).toEqual(['tab'])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(new Set(asked())).toEqual(new Set(['relay', 'tab']))
  finder.stop()
})

test('without a relay tabs are asked, whoever waits', async () => {
  const { finder, asked } = await compose({ named: 5, hasRelay: false })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(asked().length).toBeGreaterThan(1)
  finder.stop()
})
