import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createDialler } from './dialler.ts'
import { createDirectPaths } from './direct-paths.ts'
import { dialableAddresses } from './heard-addresses.ts'
import { createPeerFinder } from './peer-finder.ts'

/** A network that names arbitrary peers. The tests count the resulting work: dials and requests to others. */

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const [self, relay, friend] = [await newPeer(), await newPeer(), await newPeer()]
const strangers = await Promise.all(Array.from({ length: 40 }, newPeer))
const relayAddress = multiaddr(`/ip4/127.0.0.1/tcp/1/ws/p2p/${relay}`)

/** Without a limit, dials would never stop, all in one task: after this many, no dial ends. */
const endless = 2_000
const minutes = 5
const dialsAMinute = 60

const connectionTo = (remotePeer: PeerId, { limited = false } = {}) => ({
  remotePeer,
  status: 'open',
  direction: 'outbound',
  direct: !limited,
  timeline: { open: 0 },
  ...(limited ? { limits: {} } : {}),
})

/** The outcome of every dial, at once, whatever the address. */
const outcomes = {
  'the relay, which is connected': () => connectionTo(relay),
  'this tab': () => connectionTo(self),
  'another peer': () => connectionTo(friend),
  'a relayed connection to the peer': (peer: PeerId) => connectionTo(peer, { limited: true }),
  'a connection that closes again': (peer: PeerId) => connectionTo(peer),
  'a failure': () => undefined,
}
type Outcome = keyof typeof outcomes

const compose = (outcome: Outcome, filter: boolean) => {
  const work = { dials: 0, questions: 0 }
  const events = new EventTarget()
  const node = {
    peerId: self,
    getConnections: () => [connectionTo(relay), connectionTo(friend)],
    async dial(addresses: readonly Multiaddr[]) {
      work.dials += 1
      if (work.dials > endless) return new Promise(() => {})
      const peer = strangers.find((each) => addresses[0]?.toString().endsWith(each.toString())) ?? friend
      const connection = outcomes[outcome](peer)
      if (connection === undefined) throw new Error('no path')
      return connection
    },
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  }
  const tab = {
    telemetry: noTelemetry,
    libp2p: node,
    isRelay: (peer: string) => peer === relay.toString(),
    gater: { permit: () => () => {} },
    webRtc: true,
    dialable: (peer: string, heard: Multiaddr[]) =>
      filter ? dialableAddresses(heard, peer, { self: self.toString(), relays: [relayAddress] }) : [...heard],
    paths: createDirectPaths(() => performance.now()),
  } as never
  const pool = { directPeers: () => [] } as never
  return { work, tab, pool, events }
}

const named = (address: Multiaddr, count: number): PeerInfo[] =>
  strangers.slice(0, count).map((id) => ({ id, multiaddrs: [address] }))

const addresses = [
  relayAddress,
  multiaddr('/ip4/127.0.0.1/tcp/1/ws'),
  multiaddr(`/ip4/127.0.0.1/tcp/1/ws/p2p/${self}`),
  multiaddr(`${relayAddress}/p2p-circuit/webrtc`),
  multiaddr(`${relayAddress}/p2p-circuit/webrtc/p2p/${friend}`),
  multiaddr(`${relayAddress}/p2p-circuit/p2p/${relay}/p2p-circuit`),
  multiaddr('/ip4/127.0.0.1/tcp/2/ws'),
]

describe('dials are bounded when they lead to', () => {
  test.each(Object.keys(outcomes) as Outcome[])('%s', async (outcome) => {
    for (const filter of [true, false]) {
      for (const count of [1, strangers.length]) {
        const { tab, pool, work } = compose(outcome, filter)
        const dialler = createDialler(tab, pool, { target: 12, avoid: () => false, onChange() {} })
        for (const address of addresses) dialler.consider(named(address, count), 'named')
        await vi.advanceTimersByTimeAsync(minutes * 60_000)
        dialler.stop()
        expect(work.dials).toBeLessThanOrEqual((minutes + 1) * dialsAMinute)
        // An unreachable peer is tried about once a minute.
        if (count === 1) expect(work.dials).toBeLessThanOrEqual(minutes + 2)
      }
    }
  })
})

test('arbitrary names and endless identify events cause bounded work', async () => {
  const answer = fc.array(
    fc.record({
      id: fc.constantFrom(self, relay, friend, ...strangers),
      multiaddrs: fc.array(fc.constantFrom(...addresses), { maxLength: 50 }),
    }),
    { maxLength: 100 },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(Object.keys(outcomes) as Outcome[])),
      fc.boolean(),
      fc.array(answer, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 200 }),
      async (outcome, filter, answers, identifications) => {
        const { tab, pool, work, events } = compose(outcome, filter)
        const finder = createPeerFinder(tab, pool, {
          onChange() {},
          async requestClosestPeers() {
            work.questions += 1
            return answers[work.questions % answers.length] ?? []
          },
        })
        for (let minute = 0; minute < minutes; minute += 1) {
          for (let n = 0; n < identifications; n += 1) {
            for (const peerId of [relay, friend]) {
              const detail = { peerId, connection: connectionTo(peerId) }
              events.dispatchEvent(new CustomEvent('peer:identify', { detail }))
              events.dispatchEvent(new CustomEvent('connection:close', { detail: connectionTo(peerId) }))
            }
            await vi.advanceTimersByTimeAsync(0)
          }
          await vi.advanceTimersByTimeAsync(60_000)
        }
        finder.stop()
        expect(work.dials).toBeLessThanOrEqual((minutes + 1) * dialsAMinute)
        expect(work.questions).toBeLessThanOrEqual((minutes + 1) * 60)
      },
    ),
    { numRuns: 30 },
  )
})
