import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { encode as varint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
// The transport needs a browser; its streams, which read peers' data, do not, but are not exported.
import { DataChannelMuxerFactory } from '../../node_modules/@libp2p/webrtc/dist/src/muxer.js'
import { toMultiaddrConnection } from '../../node_modules/@libp2p/webrtc/dist/src/rtcpeerconnection-to-conn.js'
import type { ChannelData, ConnectionStates, ToPage, ToWorker } from '../contract/rtc.ts'
import { silentLogger } from '../stack/silent-logger.ts'
import { until } from '../testing/relay-network.ts'
import { createSeededBelow, type RandomBelow } from '../testing/seeded-random.ts'
import { MESSAGE_LIMIT_BYTES } from './rtc-data-channel.ts'
import { CHANNELS_LIMIT } from './rtc-peer-connection.ts'
import { installRtcShim, type RtcShim } from './rtc-shim.ts'

/** Hostile data over data channels, received by the real shim and the real streams of `@libp2p/webrtc`. */

const faults: unknown[] = []
const note = (error: unknown): void => void faults.push(error)
let shim: RtcShim
let port: { onmessage(event: { data: ToWorker }): void }
let heard: ToPage[]

beforeEach(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  heard = []
  const target = Object.assign(new EventTarget(), {
    onmessage: (_: { data: ToWorker }) => {},
    postMessage: (message: ToPage) => void heard.push(message),
    close: () => {},
  })
  port = target
  shim = installRtcShim(target as unknown as MessagePort, { transfer: false })
})
afterEach(async () => {
  shim.close()
  // Unhandled rejections are reported a turn late.
  await new Promise((resolve) => setTimeout(resolve))
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  expect(faults.splice(0)).toEqual([])
})

interface Peer {
  id: number
  muxer: StreamMuxer
  /** What the streams opened by the peer received. */
  received: { bytes: number; streams: Stream[] }
  isOpen(): boolean
  say(message: ToWorker): void
  /** Opens a channel by the peer; it opens here unless `open` is false. */
  channel(id: number, open?: boolean): void
  send(channel: number, data: ChannelData): void
}

const states: ConnectionStates = {
  connectionState: 'connected',
  iceConnectionState: 'connected',
  iceGatheringState: 'complete',
  signalingState: 'stable',
}

const meet = (): Peer => {
  const peerConnection = new RTCPeerConnection()
  const id = Number(heard.findLast((message) => message.kind === 'create')?.connection)
  const say = (data: ToWorker): void => port.onmessage({ data })
  say({ kind: 'event', connection: id, type: 'connectionstatechange', states })
  const factory = new DataChannelMuxerFactory({
    peerConnection,
    dataChannelOptions: { maxMessageSize: MESSAGE_LIMIT_BYTES },
  })
  const connection = toMultiaddrConnection({
    peerConnection,
    remoteAddr: multiaddr('/webrtc'),
    direction: 'inbound',
    log: silentLogger.forComponent('test'),
  })
  const muxer = factory.createStreamMuxer(connection)
  const received: Peer['received'] = { bytes: 0, streams: [] }
  muxer.addEventListener('stream', ({ detail: stream }) => {
    received.streams.push(stream)
    stream.addEventListener('message', ({ data }) => {
      received.bytes += data.byteLength
    })
  })
  const description = {
    label: '',
    protocol: '',
    ordered: true,
    negotiated: false,
    maxPacketLifeTime: null,
    maxRetransmits: null,
    id: 1,
  }
  return {
    id,
    muxer,
    received,
    isOpen: () => peerConnection.connectionState === 'connected' && connection.status === 'open',
    say,
    channel(channel, open = true) {
      say({ kind: 'channel', connection: id, channel, description })
      if (open) say({ kind: 'channel-open', connection: id, channel, id: -channel })
    },
    send: (channel, data) => say({ kind: 'channel-data', connection: id, channel, data }),
  }
}

/** A length-prefixed protocol message: a flag or bytes. */
const framed = (content: Uint8Array): ArrayBuffer => {
  const body = [0x12, ...varint(content.length)]
  const head = Uint8Array.from([...varint(body.length + content.length), ...body])
  return new Uint8Array(new Uint8ArrayList(head, content).subarray()).slice().buffer
}

const bytes = (random: RandomBelow, length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, () => random(256))

/** Good and bad messages; `ends` says whether the connection must close. */
const hostile: Record<string, { data(random: RandomBelow): ChannelData; ends: boolean }> = {
  'a text': { data: () => 'text', ends: true },
  'a text that is a number': { data: (random) => `${random(2) === 0 ? '' : '-'}${10 ** (1 + random(12))}`, ends: true },
  'an empty text': { data: () => '', ends: true },
  'a length without end': { data: (random) => new Uint8Array(9 + random(100)).fill(0xff).buffer, ends: true },
  'a length above the limit': { data: () => Uint8Array.from(varint(262_145)).buffer, ends: true },
  'a huge length': { data: (random) => Uint8Array.from(varint(2 ** (20 + random(33)))).buffer, ends: true },
  'a message that is not a protobuf': { data: () => Uint8Array.of(3, 0xff, 0xff, 0xff).buffer, ends: true },
  'a field that goes past its message': { data: () => Uint8Array.of(2, 0x12, 0x7f).buffer, ends: true },
  'a message above the limit': { data: () => new ArrayBuffer(MESSAGE_LIMIT_BYTES + 1), ends: true },
  'no bytes': { data: () => new ArrayBuffer(0), ends: false },
  'an empty message': { data: () => Uint8Array.of(0).buffer, ends: false },
  'a good message': { data: (random) => framed(bytes(random, random(500))), ends: false },
}

const others: Record<string, (random: RandomBelow) => ChannelData> = {
  'any bytes': (random) => bytes(random, random(300)).buffer,
  'a flag': (random) => Uint8Array.of(2, 0x08, random(8)).buffer,
  'a truncated good message': (random) => framed(bytes(random, 200)).slice(0, random(200)),
  'unknown fields': (random) => Uint8Array.of(4, 0x7a, 2, random(256), 1).buffer,
}

describe('over data channels', () => {
  it.each(Object.entries(hostile))('%s', async (_what, { data, ends }) => {
    const random = createSeededBelow(1)
    for (let times = 0; times < 30; times += 1) {
      const [peer, honest] = [meet(), meet()]
      peer.channel(-1)
      peer.send(-1, data(random))
      await until('the connection ends or stays', () => !peer.isOpen() === ends)
      await until('its streams end or stay', () =>
        peer.received.streams.every(({ status }) => (status !== 'open') === ends),
      )
      // Another peer is unaffected.
      honest.channel(-1)
      honest.send(-1, framed(new Uint8Array(10)))
      await until('the honest peer is read', () => honest.received.bytes === 10)
      honest.say({ kind: 'ended', connection: honest.id, reason: 'done' })
    }
  })

  it('unreadable data on a stream opened from here also closes the connection', async () => {
    const peer = meet()
    const stream = await peer.muxer.createStream()
    const opened = heard.findLast((message) => message.kind === 'open-channel')
    if (opened === undefined) throw new Error('No channel was opened.')
    peer.channel(opened.channel)
    peer.send(opened.channel, 'text')
    await until('the connection ends', () => !peer.isOpen())
    expect(stream.status).toBe('aborted')
  })

  it('2,000 cases close at most their own connection', async () => {
    const kinds = [...Object.values(hostile).map(({ data }) => data), ...Object.values(others)]
    const honest = meet()
    honest.channel(-1)
    let expected = 0
    for (let seed = 0; seed < 2_000; seed += 1) {
      const random = createSeededBelow(seed)
      const peer = meet()
      for (let channel = -1 - random(4); channel < 0; channel += 1) {
        peer.channel(channel, random(5) > 0)
        for (let count = random(5); count > 0; count -= 1) {
          peer.send(channel, kinds[random(kinds.length)]?.(random) ?? '')
          if (random(3) === 0) await Promise.resolve()
          if (random(8) === 0) peer.say({ kind: 'channel-closing', connection: peer.id, channel })
          if (random(8) === 0) peer.say({ kind: 'channel-error', connection: peer.id, channel, message: 'broken' })
          if (random(8) === 0) peer.say({ kind: 'channel-closed', connection: peer.id, channel })
          if (random(20) === 0) peer.channel(channel)
        }
      }
      if (random(3) === 0) peer.say({ kind: 'ended', connection: peer.id, reason: 'gone' })
      honest.send(-1, framed(new Uint8Array(10)))
      expected += 10
      if (seed % 50 === 0) await until('the honest peer is read', () => honest.received.bytes === expected)
    }
    await until('the honest peer is read', () => honest.received.bytes === expected)
    expect(honest.isOpen()).toBe(true)
  })

  it('too many channels close the connection', () => {
    const peer = meet()
    for (let channel = -1; channel >= -CHANNELS_LIMIT; channel -= 1) peer.channel(channel)
    expect(peer.isOpen()).toBe(true)
    peer.channel(-CHANNELS_LIMIT - 1)
    expect(peer.isOpen()).toBe(false)
    expect(shim.openConnections()).toBe(0)
  })

  it('closed channels are not counted', () => {
    const peer = meet()
    for (let channel = -1; channel >= -3 * CHANNELS_LIMIT; channel -= 1) {
      peer.channel(channel)
      peer.say({ kind: 'channel-closed', connection: peer.id, channel })
    }
    expect(peer.isOpen()).toBe(true)
  })

  it('data received before a channel is open is bounded', () => {
    const peer = meet()
    peer.channel(-1, false)
    let sent = 0
    for (; peer.isOpen() && sent < 1_000; sent += 1) peer.send(-1, new ArrayBuffer(100_000))
    expect(sent).toBeLessThan(12)
  })

  it('data after an unreadable frame is not kept', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = (): number => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const peer = meet()
    peer.channel(-1)
    const before = held()
    peer.send(-1, new Uint8Array(20).fill(0xff).buffer)
    // While the browser delivers data in flight.
    for (let count = 0; count < 1_000; count += 1) {
      peer.send(-1, new ArrayBuffer(60_000))
      await Promise.resolve()
    }
    // Of 60 MB.
    await until('it is released', () => held() - before < 6_000_000)
  })
})
