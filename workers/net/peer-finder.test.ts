import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createDirectPaths } from './direct-paths.ts'
import { createPeerFinder } from './peer-finder.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

const relayAddress = '/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWM4UjZbpJQh7mzxEFoeC3sXDJr3aFjkbQh1yTHGrwX564'

/**
 * A finder connected to one tab, which counts as `connected` direct peers, and to a relay if `hasRelay`. Every queried
 * peer names `named` other tabs, and dials stay pending until `dialsFail`.
 */
const compose = async ({
  named,
  hasRelay = true,
  connected = 1,
  isRelayed = false,
  requestClosestPeers,
}: {
  named: number
  hasRelay?: boolean
  connected?: number
  /** The connected tab is relayed. */
  isRelayed?: boolean
  requestClosestPeers?: () => Promise<PeerInfo[]>
}) => {
  const [self, relay, tab] = [await newPeer(), await newPeer(), await newPeer()]
  const names = await Promise.all(
    Array.from({ length: named }, async (): Promise<PeerInfo> => {
      const id = await newPeer()
      return { id, multiaddrs: [multiaddr(`${relayAddress}/p2p-circuit/webrtc/p2p/${id}`)] }
    }),
  )
  const events = new EventTarget()
  const direct = (remotePeer: PeerId) => ({ remotePeer, status: 'open', direction: 'outbound', direct: true })
  const toTab = () => ({ ...direct(tab), ...(isRelayed ? { limits: { bytes: 1n } } : {}) })
  const asked: PeerId[] = []
  const state = { connected }
  const dials: PromiseWithResolvers<never>[] = []
  const finder = createPeerFinder(
    {
      telemetry: noTelemetry,
      libp2p: {
        peerId: self,
        getConnections: () => [...(hasRelay ? [direct(relay)] : []), toTab()],
        dial() {
          const dial = Promise.withResolvers<never>()
          dials.push(dial)
          return dial.promise
        },
        addEventListener: events.addEventListener.bind(events),
        removeEventListener: events.removeEventListener.bind(events),
      },
      isRelay: (peer: string) => peer === relay.toString(),
      gater: { permit: () => () => {} },
      webRtc: true,
      dialable: (_peer: string, heard: Multiaddr[]) => heard,
      paths: createDirectPaths(() => performance.now()),
    } as never,
    { directPeers: () => Array<PeerId>(state.connected).fill(tab) } as never,
    {
      onChange() {},
      async requestClosestPeers(peer) {
        asked.push(peer)
        return requestClosestPeers?.() ?? names
      },
    },
  )
  return {
    finder,
    /** Peers queried since the last call. */
    asked: () => asked.splice(0).map((peer) => (peer.equals(relay) ? 'relay' : 'tab')),
    /** Disconnects one of the connected tabs. */
    oneLeaves() {
      state.connected -= 1
      events.dispatchEvent(new CustomEvent('connection:close', { detail: direct(tab) }))
    },
    dialsFail() {
      for (const dial of dials.splice(0)) dial.reject(new Error('no path'))
    },
    identified: () =>
      events.dispatchEvent(new CustomEvent('peer:identify', { detail: { peerId: tab, connection: direct(tab) } })),
  }
}

test.each([2, 5])('while some of %i named peers are dialled, only relays are queried', async (named) => {
  const { finder, asked, identified } = await compose({ named })
  await vi.advanceTimersByTimeAsync(0)
  expect(asked()).toEqual(['relay', 'tab'])
  identified()
  await vi.advanceTimersByTimeAsync(2_000)
  const later = asked()
  expect(later.length).toBeGreaterThan(1)
  expect(new Set(later)).toEqual(new Set(['relay']))
  finder.stop()
})

test('when the dials have ended, tabs are queried, each tab that we dialled at once', async () => {
  const { finder, asked, identified, dialsFail } = await compose({ named: 3 })
  await vi.advanceTimersByTimeAsync(0)
  asked()
  dialsFail()
  await vi.advanceTimersByTimeAsync(0)
  identified()
  expect(asked()).toEqual(['tab'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(new Set(asked())).toEqual(new Set(['relay', 'tab']))
  finder.stop()
})

test('without a relay, tabs are queried also during dials', async () => {
  const { finder, asked } = await compose({ named: 5, hasRelay: false })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(asked().length).toBeGreaterThan(1)
  finder.stop()
})

test('losing one of many peers starts no round, losing one of few starts one at once', async () => {
  const many = await compose({ named: 0, connected: 12 })
  await vi.advanceTimersByTimeAsync(0)
  many.oneLeaves()
  expect(many.asked()).toEqual([])
  await vi.advanceTimersByTimeAsync(60_000)
  expect(many.asked().length).toBeGreaterThan(0)
  many.finder.stop()

  const few = await compose({ named: 0, connected: 6 })
  await vi.advanceTimersByTimeAsync(60_000)
  few.asked()
  few.oneLeaves()
  expect(few.asked()).toContain('relay')
  few.finder.stop()
})

test('a tab identified during dials is queried when the dials have ended', async () => {
  const { finder, asked, identified, dialsFail } = await compose({ named: 3 })
  await vi.advanceTimersByTimeAsync(0)
  asked()
  identified()
  expect(asked()).toEqual([])
  dialsFail()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked()).toEqual(['tab'])
  finder.stop()
})

test('a request during a round starts another one afterwards, also if the round fails', async () => {
  for (const fails of [false, true]) {
    const answers: PromiseWithResolvers<PeerInfo[]>[] = []
    const { finder } = await compose({
      named: 0,
      requestClosestPeers() {
        const answer = Promise.withResolvers<PeerInfo[]>()
        answers.push(answer)
        return answer.promise
      },
    })
    await vi.advanceTimersByTimeAsync(0)
    const asked = answers.length
    expect(asked).toBeGreaterThan(0)
    finder.wake()
    expect(answers).toHaveLength(asked)
    for (const answer of answers) fails ? answer.reject(new Error('It is gone.')) : answer.resolve([])
    await vi.advanceTimersByTimeAsync(0)
    expect(answers.length).toBeGreaterThan(asked)
    finder.stop()
  }
})

test('a relayed tab counts as a found tab', async () => {
  const relayed = await compose({ named: 0, connected: 0, isRelayed: true })
  expect(relayed.finder.step()).toMatchObject({ state: 'working', reason: { code: 'peers-through-relay' } })
  relayed.finder.stop()
})
