import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { noTelemetry } from '../../telemetry/no-telemetry.ts'
import { untraced } from '../../telemetry/operation.ts'
import { createDirectPaths } from '../direct-paths.ts'
import { createPool, type Pool, type PoolOptions } from './pool.ts'

/** The pool over passive connections, with a clock that the test advances. */

const self = await newPeer()
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.useRealTimers()
})
const stops: (() => void)[] = []

async function newPeer(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}

/** Two peers: one with a lower id than ours, then one with a higher id. */
const around = async (): Promise<[PeerId, PeerId]> => {
  for (let lower: PeerId | undefined, higher: PeerId | undefined; ; ) {
    const peer = await newPeer()
    if (`${peer}` < `${self}`) lower = peer
    else higher = peer
    if (lower !== undefined && higher !== undefined) return [lower, higher]
  }
}

interface Rtc {
  connectionState: string
}

interface Fake {
  connection: Connection
  /** How it was closed: gracefully, or aborted with this reason. */
  ended: string | undefined
  /** The result of a ping: a round trip (ms), or no answer. */
  ping: number | 'silent'
  pings: number
  /** Its peer has identified itself. */
  tell(): void
}

const compose = (options: Partial<PoolOptions> & { relay?: PeerId } = {}) => {
  const events = new EventTarget()
  const fakes: Fake[] = []
  const tags = new Map<string, number | undefined>()
  const identified: string[] = []
  const changes = { count: 0 }
  let dials = 0
  const node = {
    peerId: self,
    getConnections: (peer?: PeerId) =>
      fakes
        .filter(
          ({ ended, connection }) => ended === undefined && (peer === undefined || peer.equals(connection.remotePeer)),
        )
        .map(({ connection }) => connection),
    peerStore: {
      get: () => Promise.reject(new Error('unknown')),
      async merge(peer: PeerId, { tags: given }: { tags: Record<string, { value: number } | undefined> }) {
        tags.set(peer.toString(), given['ggen-useful']?.value)
      },
    },
    services: { identify: { identify: async (connection: Connection) => void identified.push(connection.id) } },
    async dial() {
      dials += 1
      throw new Error('the peer is unreachable')
    },
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  }
  const tell = (type: string, detail: unknown): void => void events.dispatchEvent(new CustomEvent(type, { detail }))

  const connect = (
    peer: PeerId,
    {
      direct = true,
      inbound = false,
      streams = [] as string[],
      identify = true,
      relayedLeft = 16_777_216n,
      rtc = undefined as Rtc | undefined,
    } = {},
  ): Fake => {
    const end = (how: string): void => {
      if (fake.ended !== undefined) return
      fake.ended = how
      tell('connection:close', fake.connection)
    }
    const connection = {
      id: `c${fakes.length}`,
      remotePeer: peer,
      remoteAddr: multiaddr(rtc === undefined ? '/ip4/127.0.0.1/tcp/1/ws' : `/webrtc/p2p/${peer}`),
      maConn: rtc === undefined ? {} : { peerConnection: rtc },
      direction: inbound ? 'inbound' : 'outbound',
      direct,
      ...(direct ? {} : { limits: { bytes: relayedLeft } }),
      get status() {
        return fake.ended === undefined ? 'open' : 'closed'
      },
      timeline: { open: Date.now() },
      streams: streams.map((protocol) => ({ protocol })),
      newStream: vi.fn(() => new Promise<Stream>(() => {})),
      close: async () => end('closed'),
      abort: (error: Error) => end(error.message),
    }
    const identifies = (): void => tell('peer:identify', { peerId: peer, connection })
    const fake: Fake = {
      connection: connection as unknown as Connection,
      ended: undefined,
      ping: 20,
      pings: 0,
      tell: identifies,
    }
    fakes.push(fake)
    tell('connection:open', connection)
    if (identify) identifies()
    return fake
  }

  const pool: Pool = createPool(
    {
      telemetry: noTelemetry,
      libp2p: node as never,
      isRelay: (peer) => peer === options.relay?.toString(),
      gater: { permit: () => () => {} } as never,
      webRtc: true,
      dialable: (_peer, heard) => [...heard],
      paths: createDirectPaths(() => performance.now()),
      dialRelayed: () => Promise.reject(new Error('no relay is reachable')),
    },
    {
      onChange: () => void changes.count++,
      async ping(connection, { signal }) {
        const fake = fakes.find((each) => each.connection === connection)
        if (fake === undefined) throw new Error('unreachable')
        fake.pings += 1
        if (fake.ping !== 'silent') return fake.ping
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
      ...options,
    },
  )
  stops.push(pool.stop)
  return { pool, connect, tags, identified, changes, dials: () => dials }
}

/** Puts `AbortSignal.timeout` on the virtual clock. */
beforeEach(() => {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const abort = new AbortController()
    setTimeout(() => abort.abort(new DOMException('too late', 'TimeoutError')), ms)
    return abort.signal
  })
})
afterEach(() => void vi.restoreAllMocks())

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

describe('checks', () => {
  test('ping a silent connection every 60 s, one to a relay every 10 s', async () => {
    const [peer, relay] = await around()
    const { connect } = compose({ relay })
    const [one, other] = [connect(peer), connect(relay)]
    await pass(121_000)
    // With the first measurement of each.
    expect([one.pings, other.pings]).toEqual([3, 13])
  })

  test('measure the round trip as soon as a connection is identified', async () => {
    const [peer] = await around()
    const { connect, pool, changes } = compose()
    const fake = connect(peer, { identify: false })
    await pass(0)
    expect([fake.pings, pool.peers()[0]?.rttMs]).toEqual([0, undefined])
    const before = changes.count
    for (let times = 0; times < 3; times += 1) fake.tell()
    await pass(0)
    expect([fake.pings, pool.peers()[0]?.rttMs]).toEqual([1, 20])
    expect(changes.count).toBeGreaterThan(before)
  })

  test('a first measurement without an answer is no lost ping', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const fake = connect(peer, { identify: false })
    fake.ping = 'silent'
    fake.tell()
    // The ping has timed out, and the first check has been sent.
    await pass(5_100)
    expect(pool.peers()[0]?.health).toEqual({ state: 'healthy' })
    fake.ping = 20
    await pass(10_000)
    expect(pool.peers()[0]?.rttMs).toBe(20)
  })

  test('a peer that vanished is degraded after one lost ping and closed after two', async () => {
    const [peer] = await around()
    const { connect, pool, changes } = compose()
    const fake = connect(peer)
    await pass(5_000)
    fake.ping = 'silent'
    await pass(60_500)
    expect(pool.peers()[0]?.health).toEqual({ state: 'degraded', reason: { code: 'pings-lost', count: 1 } })
    const before = changes.count
    await pass(5_000)
    expect(fake.ended).toBe('pings-lost')
    expect(pool.peers()).toEqual([])
    expect(changes.count).toBeGreaterThan(before)
  })

  test('a wake finds dead connections within 4 s and keeps the living', async () => {
    const [peer, other] = await around()
    const { connect, pool } = compose()
    const [dead, alive] = [connect(peer), connect(other)]
    dead.ping = 'silent'
    pool.wake()
    await pass(4_000)
    expect([dead.ended, alive.ended]).toEqual(['pings-lost', undefined])
  })

  test('a failed request triggers a check, and repeated failures close the connection', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const fake = connect(peer)
    await pass(0)
    for (let times = 0; times < 2; times += 1) pool.report(peer.toString(), 'failed')
    await pass(0)
    expect(fake.pings).toBe(2)
    expect(pool.peers()[0]?.health).toEqual({ state: 'degraded', reason: { code: 'requests-failed', count: 2 } })
    for (let times = 0; times < 3; times += 1) pool.report(peer.toString(), 'failed')
    expect(fake.ended).toBe('requests-failed')
  })

  test('a relay that fails requests is kept, because others reach us through it', async () => {
    const [, relay] = await around()
    const { connect, pool } = compose({ relay })
    const fake = connect(relay)
    for (let times = 0; times < 9; times += 1) pool.report(relay.toString(), 'failed')
    expect(fake.ended).toBeUndefined()
  })
})

describe('requests', () => {
  test('on a dead connection end when it is found dead, long before their own timeout', async () => {
    const [peer] = await around()
    const { connect, pool, dials } = compose()
    const fake = connect(peer)
    fake.ping = 'silent'
    await pass(15_000)
    const outcome = pool
      .openStream(peer.toString(), '/x', { operation: untraced(), direct: true, timeoutMs: 60_000 })
      .catch((error) => error.name)
    await pass(4_100)
    expect(fake.ended).toBe('pings-lost')
    // It then tried another path, and there was none.
    expect(await outcome).toBe('PeerUnreachable')
    expect(dials()).toBe(0)
  })

  test('end by their timeout, also if the peer answers only pings', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const fake = connect(peer)
    const outcome = pool
      .openStream(peer.toString(), '/x', { operation: untraced(), direct: true, timeoutMs: 3_000 })
      .catch((error) => error.name)
    await pass(3_000)
    expect(await outcome).toBe('Timeout')
    expect(fake.ended).toBeUndefined()
  })

  test('use the best connection: direct before relayed, healthy before degraded', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const relayed = connect(peer, { direct: false, streams: ['/used'] })
    const direct = connect(peer, { identify: false })
    expect(pool.connectionsTo(peer)).toEqual([direct.connection, relayed.connection])
    expect(pool.directPeers().map(String)).toEqual([peer.toString()])
  })
})

describe('a WebRTC connection', () => {
  const counts = (pool: Pool) => [pool.directPeers().length, pool.peers().filter(({ direct }) => direct).length]

  test('counts as direct once it has carried an answer, and not at all before', async () => {
    const [peer, other] = await around()
    const { connect, pool, changes } = compose()
    const [pinged, identified] = [peer, other].map((each) =>
      connect(each, { identify: false, rtc: { connectionState: 'connected' } }),
    )
    expect([counts(pool), pool.peers()]).toEqual([[0, 0], []])
    expect([pool.directPath(`${peer}`), pool.directPath(`${other}`)]).toEqual(['possible', 'possible'])
    const before = changes.count
    identified?.tell()
    expect(counts(pool)).toEqual([1, 1])
    expect(pool.peers().map(({ kept }) => kept)).toEqual([true])
    expect(changes.count).toBeGreaterThan(before)
    await pass(2_000)
    expect(pinged?.pings).toBe(1)
    expect(counts(pool)).toEqual([2, 2])
    expect(pool.directPath(`${peer}`)).toBe('open')
  })

  test('without an answer is never shown, hides no relayed one, and is closed within seconds', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const relayed = connect(peer, { direct: false })
    const phantom = connect(peer, { identify: false, inbound: true, rtc: { connectionState: 'connected' } })
    phantom.ping = 'silent'
    for (let second = 0; second < 6; second += 1) {
      expect(pool.peers().map(({ direct }) => direct)).toEqual([false])
      expect(pool.directPeers()).toEqual([])
      await pass(1_000)
    }
    expect([phantom.ended, relayed.ended]).toEqual(['pings-lost', undefined])
  })

  test.each(['new', 'connecting', 'disconnected', 'failed', 'closed'])(
    'whose peer connection is %s does not count',
    async (state) => {
      const [peer] = await around()
      const { connect, pool } = compose()
      const rtc = { connectionState: 'connected' }
      connect(peer, { rtc })
      expect(counts(pool)).toEqual([1, 1])
      rtc.connectionState = state
      expect(counts(pool)).toEqual([0, 0])
    },
  )

  test('that is proven is used before an unproven one', async () => {
    const [peer] = await around()
    const { connect, pool } = compose()
    const works = connect(peer, { rtc: { connectionState: 'connected' } })
    connect(peer, { identify: false, rtc: { connectionState: 'connected' } })
    expect(pool.connectionsTo(peer)[0]).toBe(works.connection)
  })
})

describe('the pool closes', () => {
  test('a relayed connection whose budget is used up, once it is idle', async () => {
    const [peer, other] = await around()
    const { connect } = compose()
    const [idle, busy] = [
      connect(peer, { direct: false, relayedLeft: 1n }),
      connect(other, { direct: false, relayedLeft: 1n, streams: ['/used'] }),
    ]
    await pass(5_000)
    expect([idle.ended, busy.ended]).toEqual(['closed', undefined])
  })

  test('a relayed connection once the direct one works: the dialling side at once, the other after 5 s', async () => {
    const [peer, other] = await around()
    const { connect } = compose()
    const mine = connect(peer, { direct: false })
    connect(peer)
    expect(mine.ended).toBe('closed')
    const theirs = connect(other, { direct: false, inbound: true })
    connect(other, { inbound: true })
    expect(theirs.ended).toBeUndefined()
    await pass(10_000)
    expect(theirs.ended).toBe('closed')
  })

  test('a second direct connection, on the side with the lower id, and gossip moves to the other', async () => {
    const [lower, higher] = await around()
    const { connect, identified } = compose()
    const [first, second] = [connect(higher), connect(higher)]
    expect([first.ended, second.ended]).toEqual([undefined, undefined])
    await pass(5_000)
    expect([first.ended, second.ended]).toEqual([undefined, 'closed'])
    expect(identified).toEqual([first.connection.id])
    const [older, newer] = [connect(lower), connect(lower)]
    await pass(20_000)
    expect([older.ended, newer.ended]).toEqual([undefined, undefined])
    await pass(20_000)
    expect([older.ended, newer.ended]).toEqual([undefined, 'closed'])
  })

  test('idle peers after 300 s, except useful ones, which are tagged for the pruner', async () => {
    const [good, idle] = await around()
    const [meshed, relay] = await around()
    const limits = { keep: 1 }
    const score = (peer: string): number => (peer === good.toString() ? 1 : 0)
    const { connect, tags } = compose({ limits, relay, scoreOf: score, inMesh: (peer) => peer === meshed.toString() })
    const fakes = [good, idle, meshed, relay].map((peer) => connect(peer))
    await pass(290_000)
    expect(fakes.map(({ ended }) => ended)).toEqual([undefined, undefined, undefined, undefined])
    expect(tags.get(meshed.toString())).toBe(50)
    expect(tags.get(relay.toString())).toBe(100)
    await pass(20_000)
    expect(fakes.map(({ ended }) => ended)).toEqual(['closed', 'closed', undefined, undefined])
  })

  test('no peer that serves requests', async () => {
    const [, peer] = await around()
    const { connect, pool } = compose({ limits: { keep: 0 } })
    const fake = connect(peer)
    for (let minute = 0; minute < 20; minute += 1) {
      pool.report(peer.toString(), 'answered')
      await pass(60_000)
    }
    expect(fake.ended).toBeUndefined()
    await pass(301_000)
    expect(fake.ended).toBe('closed')
  })

  test('direct peers above 24', async () => {
    const { connect, pool } = compose()
    for (let count = 0; count < 30; count += 1) connect(await newPeer(), { inbound: true })
    expect(pool.directPeers()).toHaveLength(24)
  })

  test('all connections of a dropped peer', async () => {
    const [peer, other] = await around()
    const { connect, pool } = compose()
    const fakes = [connect(peer), connect(other)]
    pool.drop(peer.toString(), 'It broke the rules.')
    expect(fakes.map(({ ended }) => ended)).toEqual(['It broke the rules.', undefined])
  })
})

test('a stopped pool does nothing', async () => {
  const [peer] = await around()
  const { connect, pool } = compose({ limits: { keep: 0 } })
  const fake = connect(peer)
  fake.ping = 'silent'
  pool.wake()
  pool.stop()
  await pass(600_000)
  expect(fake.ended).toBeUndefined()
})
