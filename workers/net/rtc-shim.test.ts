import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ConnectionStates, ToPage, ToWorker } from '../contract/rtc.ts'
import { carryThroughPage, carryTransferred, OPEN_LIMIT_MS } from './rtc-carrier.ts'
import { DataChannel, LINGER_MS } from './rtc-data-channel.ts'
import { type createPeerConnectionClass, DISCONNECTED_LIMIT_MS } from './rtc-peer-connection.ts'
import { installRtcShim, type RtcShim } from './rtc-shim.ts'
import { IceCandidate } from './rtc-signalling.ts'

/** What no browser does on demand: peers that vanish silently, channels that are lost in transfer. */

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a connection', () => {
  let shim: RtcShim
  let page: FakePort
  beforeEach(() => {
    page = createFakePort()
    shim = installRtcShim(page.port, { transfer: true })
  })
  afterEach(() => shim.close())

  const connected = {
    iceGatheringState: 'complete',
    iceConnectionState: 'connected',
    signalingState: 'stable',
  } as const
  const tell = (connectionState: ConnectionStates['connectionState']) =>
    page.say({ kind: 'event', connection: 1, type: 'connectionstatechange', states: { ...connected, connectionState } })

  test('whose peer vanished fails within the limit and closes on the page', () => {
    const connection = newConnection()
    const states = statesOf(connection)
    const channel = connection.createDataChannel('one')
    const events = eventsOf(channel)
    tell('connected')
    tell('disconnected')
    vi.advanceTimersByTime(DISCONNECTED_LIMIT_MS - 1)
    expect(states).toEqual(['connected', 'disconnected'])
    vi.advanceTimersByTime(1)
    expect(states).toEqual(['connected', 'disconnected', 'failed'])
    expect(connection.connectionState).toBe('closed')
    expect(page.heard.at(-1)).toEqual({ kind: 'close', connection: 1 })
    return vi.waitFor(() => expect(events).toEqual(['error', 'close']))
  })

  test('that recovers in time continues', () => {
    const connection = newConnection()
    tell('disconnected')
    vi.advanceTimersByTime(DISCONNECTED_LIMIT_MS - 1)
    tell('connected')
    vi.advanceTimersByTime(DISCONNECTED_LIMIT_MS * 2)
    expect(connection.connectionState).toBe('connected')
  })

  test('that ended waits for its channels to deliver earlier data, but not forever', () => {
    const connection = newConnection()
    const states = statesOf(connection)
    connection.createDataChannel('never closes')
    page.say({ kind: 'ended', connection: 1, reason: 'gone' })
    expect(states).toEqual([])
    vi.advanceTimersByTime(500)
    expect(states).toEqual(['failed'])
    expect(shim.openConnections()).toBe(0)
  })

  test('that the page refuses fails with its calls', async () => {
    const connection = newConnection()
    const states = statesOf(connection)
    const offer = connection.createOffer()
    page.say({ kind: 'refused', connection: 1, name: 'TooManyConnections', message: 'No room.' })
    await expect(offer).rejects.toMatchObject({ name: 'TooManyConnections', message: 'No room.' })
    await expect(connection.createAnswer()).rejects.toMatchObject({ name: 'TooManyConnections' })
    expect(states).toEqual(['failed'])
  })

  test('rejects a failed call of the page with the name of its error', async () => {
    const connection = newConnection()
    const call = connection.setRemoteDescription({ type: 'answer', sdp: 'nonsense' })
    page.say({ kind: 'call-failed', connection: 1, call: 1, name: 'InvalidStateError', message: 'not now' })
    await expect(call).rejects.toMatchObject({ name: 'InvalidStateError', message: 'not now' })
  })

  test('that is closed here notifies its channels only, and rejects pending calls', async () => {
    const connection = newConnection()
    const states = statesOf(connection)
    const channel = connection.createDataChannel('one')
    const events = eventsOf(channel)
    const call = connection.createOffer()
    connection.close()
    connection.close()
    expect(connection.connectionState).toBe('closed')
    expect(channel.readyState).toBe('closed')
    await expect(call).rejects.toMatchObject({ name: 'InvalidStateError' })
    expect(events).toEqual(['close'])
    expect(states).toEqual([])
    expect(page.heard.filter(({ kind }) => kind === 'close')).toHaveLength(1)
    expect(() => connection.createDataChannel('two')).toThrow('closed')
  })

  test('gives candidates that signalling can carry', () => {
    const connection = newConnection()
    const candidates: unknown[] = []
    connection.onicecandidate = ({ candidate }) => candidates.push(JSON.parse(JSON.stringify(candidate)))
    const candidate = { candidate: 'candidate:1 …', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'abcd' }
    const states = { ...connected, connectionState: 'connecting' } as const
    page.say({ kind: 'event', connection: 1, type: 'icecandidate', states, candidate })
    page.say({ kind: 'event', connection: 1, type: 'icecandidate', states, candidate: null })
    expect(candidates).toEqual([candidate, null])
    expect(new IceCandidate(candidate).toJSON()).toEqual(candidate)
  })

  test('fails when the port to the page is closed, and no other can be created', () => {
    const connection = newConnection()
    const states = statesOf(connection)
    const Connection = connection.constructor as new () => unknown
    shim.close()
    expect(states).toEqual(['failed'])
    expect(() => new Connection()).toThrow('shut down')
  })
})

describe('a transferred channel', () => {
  const adopt = (state: RTCDataChannelState, connected = true) => {
    const native = createFakeChannel(state)
    const channel = new DataChannel(description, () => {})
    const events = eventsOf(channel)
    channel.onmessage = ({ data }) => events.push(`got ${data}`)
    channel.adopt((sink) => carryTransferred(native as unknown as RTCDataChannel, sink, () => connected), description)
    return { native, channel, events }
  }

  test('buffers messages until it is open', () => {
    const { native, channel, events } = adopt('connecting')
    const replies: string[] = []
    channel.addEventListener('message', () => replies.push(channel.readyState))
    native.receive('a')
    native.receive('b')
    expect(events).toEqual([])
    native.turn('open')
    native.receive('c')
    expect(events).toEqual(['open', 'got a', 'got b', 'got c'])
    expect(replies).toEqual(['open', 'open', 'open'])
  })

  test('delivers buffered messages also when the peer closed it before it was open', () => {
    const { native, events } = adopt('connecting')
    native.receive('a')
    native.turn('closed')
    expect(events).toEqual(['got a', 'close'])
  })

  test('that is open on arrival opens', async () => {
    const { events, channel } = adopt('open')
    await Promise.resolve()
    expect(events).toEqual(['open'])
    expect(channel.readyState).toBe('open')
  })

  test('whose `open` event was missed still opens', () => {
    const { native, events } = adopt('connecting')
    native.readyState = 'open'
    vi.advanceTimersByTime(500)
    expect(events).toEqual(['open'])
    native.dispatchEvent(new Event('open'))
    expect(events).toEqual(['open'])
  })

  test('that never opens on a working connection fails', () => {
    const { native, channel, events } = adopt('connecting')
    vi.advanceTimersByTime(OPEN_LIMIT_MS)
    expect(events).toEqual(['error', 'close'])
    expect(channel.readyState).toBe('closed')
    expect(native.closed).toBe(true)
  })

  test('waits while its connection does not work yet', () => {
    const { native, events } = adopt('connecting', false)
    vi.advanceTimersByTime(OPEN_LIMIT_MS * 3)
    native.turn('open')
    expect(events).toEqual(['open'])
  })
})

describe('a channel that sent and is closed', () => {
  const openAndSend = () => {
    const native = createFakeChannel('connecting')
    const channel = new DataChannel(description, () => {})
    channel.adopt((sink) => carryTransferred(native as unknown as RTCDataChannel, sink, () => true), description)
    native.turn('open')
    channel.send('words')
    return { native, channel }
  }

  test('stays open until the other side shows that it listens', () => {
    const { native, channel } = openAndSend()
    channel.close()
    expect(channel.readyState).toBe('closing')
    expect(native.closed).toBe(false)
    native.receive('heard you')
    expect(native.closed).toBe(true)
  })

  test('closes at once after it has received something', () => {
    const { native, channel } = openAndSend()
    native.receive('heard you')
    channel.close()
    expect(native.closed).toBe(true)
  })

  test('does not wait forever', () => {
    const { native, channel } = openAndSend()
    channel.close()
    vi.advanceTimersByTime(LINGER_MS)
    expect(native.closed).toBe(true)
  })
})

describe('a channel that stays in the page', () => {
  const carry = () => {
    const posted: ToPage[] = []
    const channel = new DataChannel(description, () => {})
    const carrier = carryThroughPage(1, 2, channel, (message) => posted.push(structuredClone(message)))
    channel.adopt(() => carrier, description)
    const to = { connection: 1, channel: 2 }
    carrier.handle({ kind: 'channel-open', ...to, id: 7 })
    const report = (taken: number, buffered: number) =>
      carrier.handle({ kind: 'channel-buffered', ...to, taken, buffered })
    return { channel, posted, report }
  }

  test('counts bytes in transit and buffered, and fires when they are low', async () => {
    const { channel, posted, report } = carry()
    const events = eventsOf(channel)
    channel.bufferedAmountLowThreshold = 100
    channel.send(new Uint8Array(300))
    channel.send('grün')
    expect(channel.bufferedAmount).toBe(305)
    await Promise.resolve()
    expect(posted.filter(({ kind }) => kind === 'send')).toHaveLength(1)
    report(305, 305)
    channel.send(new Uint8Array(50))
    expect(channel.bufferedAmount).toBe(355)
    report(305, 100)
    expect(channel.bufferedAmount).toBe(150)
    expect(events).toEqual([])
    report(355, 100)
    expect(events).toEqual(['bufferedamountlow'])
    report(355, 0)
    expect(events).toEqual(['bufferedamountlow'])
    expect(channel.bufferedAmount).toBe(0)
    expect(channel.id).toBe(7)
  })

  test('sends copies, so that the sender may reuse its buffer, and before it closes', () => {
    const { channel, posted } = carry()
    const bytes = new Uint8Array([9, 1, 2, 9])
    channel.send(bytes.subarray(1, 3))
    bytes.fill(0)
    channel.close()
    vi.advanceTimersByTime(LINGER_MS)
    expect(posted.map(({ kind }) => kind)).toEqual(['send', 'close-channel'])
    const [sent] = posted
    expect(sent?.kind === 'send' && sent.data[0]).toEqual(new Uint8Array([1, 2]).buffer)
    expect(channel.readyState).toBe('closing')
    expect(() => channel.send('more')).toThrow('closing')
  })

  test('sends the length of a frame and the frame as one message, with all bytes in order', async () => {
    const { channel, posted } = carry()
    channel.send(new Uint8Array([2]))
    channel.send(new Uint8Array([7, 8, 9, 10, 11]))
    channel.send(new Uint8Array([1, 1]))
    channel.send('text')
    channel.send(new Uint8Array([3]))
    channel.send(new Uint8Array([4]))
    channel.send(new Uint8Array([5]))
    expect(channel.bufferedAmount).toBe(15)
    await Promise.resolve()
    await Promise.resolve()
    const sent = posted.flatMap((message) => (message.kind === 'send' ? message.data : []))
    expect(sent).toEqual([
      new Uint8Array([2, 7, 8, 9, 10, 11]).buffer,
      new Uint8Array([1, 1]).buffer,
      'text',
      new Uint8Array([3, 4]).buffer,
      new Uint8Array([5]).buffer,
    ])
  })
})

const description = {
  label: 'one',
  protocol: '',
  ordered: true,
  negotiated: false,
  maxPacketLifeTime: null,
  maxRetransmits: null,
  id: null,
}

type FakePort = ReturnType<typeof createFakePort>

/** The worker's end of the port; `say` is the page speaking, `heard` what it was told. */
const createFakePort = () => {
  const heard: ToPage[] = []
  const target = Object.assign(new EventTarget(), {
    onmessage: (_: { data: ToWorker }) => {},
    postMessage: (message: ToPage) => heard.push(message),
    close: () => {},
  })
  return { heard, port: target as unknown as MessagePort, say: (data: ToWorker) => target.onmessage({ data }) }
}

const createFakeChannel = (readyState: RTCDataChannelState) => {
  const channel = Object.assign(new EventTarget(), {
    readyState,
    binaryType: 'blob',
    bufferedAmount: 0,
    closed: false,
    send: () => {},
    close: () => {
      channel.closed = true
    },
    receive: (data: string) => channel.dispatchEvent(new MessageEvent('message', { data })),
    turn: (state: 'open' | 'closed') => {
      channel.readyState = state
      channel.dispatchEvent(new Event(state === 'open' ? 'open' : 'close'))
    },
  })
  return channel
}

type Connection = InstanceType<ReturnType<typeof createPeerConnectionClass>>

const newConnection = () => new (Reflect.get(globalThis, 'RTCPeerConnection') as unknown as new () => Connection)()

const statesOf = (connection: Connection) => {
  const states: string[] = []
  connection.onconnectionstatechange = () => states.push(connection.connectionState)
  return states
}

const eventsOf = (channel: DataChannel) => {
  const events: string[] = []
  for (const type of ['open', 'closing', 'error', 'close', 'bufferedamountlow'])
    channel.addEventListener(type, () => events.push(type))
  return events
}
