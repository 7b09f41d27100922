import { generateKeyPair } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { beforeEach, expect, test } from 'vitest'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { openStreamsAtOnce } from '../stack/gossip-streams.ts'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { recordTraces } from '../testing/trace-recording.ts'
import { type Announcements, createAnnouncements, type Received } from './announcements.ts'

type Validator = (from: PeerId, message: { data: Uint8Array }) => Promise<unknown>

const nothing = (): void => {}

/** A gossipsub that only keeps the validator. */
const inert = {
  subscribe: nothing,
  unsubscribe: nothing,
  getSubscribers: () => [],
  addEventListener: nothing,
  removeEventListener: nothing,
  createInboundStream: nothing,
  createOutboundStream: nothing,
  pipePeerReadStream: nothing,
  handleReceivedRpc: nothing,
  sendRpc: nothing,
  getMeshPeers: nothing,
  msgIdFn: nothing,
  msgIdToStrFn: nothing,
  streamsOutbound: new Map(),
  seenCache: { entries: new Map() },
  score: { rejectInvalidMessage: nothing },
}

const { meter, reader } = createInMemoryMeter()
const { tracer, traces } = recordTraces()
let clock: number
let next: Received
let validate: Validator
let from: PeerId
let announcements: Announcements

beforeEach(async () => {
  clock = 1_000_000
  from = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const topicValidators = new Map<string, Validator>()
  announcements = createAnnouncements({
    pubsub: openStreamsAtOnce({ ...inert, topicValidators } as unknown as GossipSub),
    telemetry: { ...noTelemetry, meter, tracer },
    receive: async () => next,
    now: () => clock,
    limits: { admitAnnouncement: () => true, record() {} } as never,
    onSubscriber() {},
  })
  validate = topicValidators.get(PACKAGES_TOPIC) as Validator
})

const receive = async (received: Omit<Received, 'checks'>): Promise<void> => {
  next = { ...received, checks: 0 }
  await validate(from, { data: new Uint8Array() })
}

const propagated = (): number[] => reader.latest('gossip_propagation_time').map(({ value }) => value)

test('the propagation time counts new announcements that were published since this node joined', async () => {
  clock += 5_000
  // Published 1 ms before this node joined, and received 5 s after it.
  await receive({ verdict: 'new', publishedAt: 999_999 })
  expect(propagated()).toEqual([])
  await receive({ verdict: 'new', publishedAt: 1_004_960 })
  await receive({ verdict: 'new', publishedAt: 1_000_000 })
  expect(propagated()).toEqual([40, 5_000])
  // Known already, without a release, from the future, and long ago.
  await receive({ verdict: 'known', publishedAt: 1_004_960 })
  await receive({ verdict: 'new' })
  await receive({ verdict: 'new', publishedAt: 1_005_001 })
  clock += 600_000
  await receive({ verdict: 'new', publishedAt: 1_004_960 })
  expect(propagated()).toEqual([40, 5_000])
})

test('each announcement is counted by its verdict, and has a span with its age', async () => {
  const before = traces.length
  const count = (verdict: string): number => reader.sum('gossip_messages_received', { verdict })
  const counts = ['new', 'known', 'invalid'].map(count)
  await receive({ verdict: 'new', publishedAt: clock - 30 })
  await receive({ verdict: 'known', publishedAt: clock + 10 })
  await receive({ verdict: 'invalid' })
  expect(['new', 'known', 'invalid'].map(count)).toEqual(counts.map((each) => each + 1))
  expect(traces.slice(before).map(({ root }) => root)).toMatchObject([
    { name: 'gossip_receive', attributes: { peer: from.toString(), verdict: 'new', age_ms: 30 } },
    { name: 'gossip_receive', attributes: { verdict: 'known', age_ms: -10 } },
    { name: 'gossip_receive', attributes: { peer: from.toString(), verdict: 'invalid' } },
  ])
  announcements.stop()
})
