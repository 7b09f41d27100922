import { expose } from 'comlink'
import { installRtcShim, type RtcShim } from '../net/rtc-shim.ts'

/**
 * One side of a connection in the tests of the shim: a worker that connects to another over a signalling port, opens
 * and answers channels, and records their events.
 */

/** Results of the channels that the other side opened. */
export interface Answered {
  channels: number
  messages: number
  closed: number
  disorder: string[]
  thrown: string[]
}

export interface Opened {
  completed: number
  disorder: string[]
  closed: number
}

type Signal = { description?: RTCSessionDescriptionInit; candidate?: RTCIceCandidateInit }

const answered: Answered = { channels: 0, messages: 0, closed: 0, disorder: [], thrown: [] }
const happened: string[] = []
const watchers = new Set<() => void>()
const channels = new Map<string, RTCDataChannel>()
const connections: RTCPeerConnection[] = []
let shim: RtcShim | undefined

const note = (what: string) => {
  happened.push(what)
  for (const watcher of watchers) watcher()
}

const lastConnection = (): RTCPeerConnection => {
  const connection = connections.at(-1)
  if (connection === undefined) throw new Error('There is no connection yet.')
  return connection
}

const named = (label: string): RTCDataChannel => {
  const channel = channels.get(label)
  if (channel === undefined) throw new Error(`There is no channel ${label}.`)
  return channel
}

/** Records every event; of messages only texts. */
const follow = (channel: RTCDataChannel) => {
  channels.set(channel.label, channel)
  for (const type of ['open', 'closing', 'error', 'close', 'bufferedamountlow'])
    channel.addEventListener(type, () => note(`${channel.label} ${type}`))
  channel.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') note(`${channel.label} got ${data}`)
  })
}

/** Answers each numbered message of an `echo` channel in the task of its arrival, as protocols do; ignores `blurt`. */
const answer = (channel: RTCDataChannel) => {
  answered.channels += 1
  let expected = 0
  channel.addEventListener('close', () => {
    answered.closed += 1
  })
  channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
    const number = new DataView(data).getUint32(0)
    if (number !== expected) answered.disorder.push(`${channel.label}: ${number} instead of ${expected}`)
    expected = number + 1
    answered.messages += 1
    if (channel.label.startsWith('blurt')) return
    try {
      channel.send(data)
    } catch (error) {
      answered.thrown.push(String(error))
    }
  })
}

/** Counts the data of a `sink` channel and answers a text with the count. */
const swallow = (channel: RTCDataChannel) => {
  let bytes = 0
  let next = 0
  let inOrder = true
  channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === 'string') {
      channel.send(JSON.stringify({ bytes, inOrder }))
      return
    }
    inOrder &&= new DataView(data).getUint32(0) === next
    next += 1
    bytes += data.byteLength
  })
}

const numbered = (number: number, bytes = 16) => {
  const message = new Uint8Array(bytes)
  new DataView(message.buffer).setUint32(0, number)
  return message
}

/** Opens one channel, sends numbered messages as soon as it is open, and closes it when all are answered. */
const exchange = (label: string, messages: number, opened: Opened) =>
  new Promise<void>((resolve) => {
    const channel = lastConnection().createDataChannel(label)
    let expected = 0
    channel.onopen = () => {
      for (let number = 0; number < messages; number += 1) channel.send(numbered(number))
    }
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const number = new DataView(data).getUint32(0)
      if (number !== expected) opened.disorder.push(`${label}: answer ${number} instead of ${expected}`)
      expected = number + 1
      if (expected !== messages) return
      opened.completed += 1
      channel.close()
    }
    channel.onclose = () => {
      opened.closed += 1
      resolve()
    }
  })

const peer = {
  install(port: MessagePort, transfer: boolean) {
    shim = installRtcShim(port, { transfer })
  },

  /** Connects over `signals`; resolves when the connection is `connected`. */
  async connect(signals: MessagePort, offers: boolean): Promise<void> {
    const connection = new RTCPeerConnection({ iceServers: [] })
    connections.push(connection)
    connection.onconnectionstatechange = () => note(`connection ${connection.connectionState}`)
    connection.addEventListener('close', () => note('connection released'))
    connection.ondatachannel = ({ channel }) => {
      if (channel.label.startsWith('echo') || channel.label.startsWith('blurt')) answer(channel)
      else if (channel.label.startsWith('sink')) swallow(channel)
      else follow(channel)
    }
    const send = (signal: Signal) => signals.postMessage(signal)
    connection.onicecandidate = ({ candidate }) => {
      if (candidate !== null) send({ candidate: candidate.toJSON() })
    }
    signals.onmessage = async ({ data }: MessageEvent<Signal>) => {
      if (data.candidate !== undefined) await connection.addIceCandidate(new RTCIceCandidate(data.candidate))
      if (data.description === undefined) return
      await connection.setRemoteDescription(new RTCSessionDescription(data.description))
      if (offers) return
      const made = await connection.createAnswer()
      await connection.setLocalDescription(made)
      send({ description: made })
    }
    if (offers) {
      connection.createDataChannel('init')
      const offer = await connection.createOffer()
      await connection.setLocalDescription(offer)
      send({ description: offer })
    }
    await peer.until('connection connected', connections.length)
  },

  /** Opens `count` channels, `atOnce` at a time, each with `messages` numbered messages in both directions. */
  async exchangeAll(count: number, messages: number, atOnce: number): Promise<Opened> {
    const opened: Opened = { completed: 0, disorder: [], closed: 0 }
    let next = 0
    const worker = async () => {
      while (next < count) {
        next += 1
        await exchange(`echo ${next}`, messages, opened)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return opened
  },
  answered: (): Answered => answered,

  /** Opens `count` channels at once; each sends its numbered messages when it opens and closes in the same task. */
  async blurtAll(count: number, messages: number): Promise<void> {
    const blurt = async (label: string) => {
      const channel = lastConnection().createDataChannel(label)
      channel.onopen = () => {
        for (let number = 0; number < messages; number += 1) channel.send(numbered(number))
        channel.close()
      }
      await new Promise((resolve) => channel.addEventListener('close', resolve, { once: true }))
    }
    await Promise.all(Array.from({ length: count }, (_, number) => blurt(`blurt ${number}`)))
  },

  open(label: string) {
    follow(lastConnection().createDataChannel(label))
  },
  openAndClose(label: string) {
    peer.open(label)
    peer.closeChannel(label)
  },
  openAndSend(label: string) {
    peer.open(label)
    peer.send(label, 'too early')
  },
  send: (label: string, text: string) => named(label).send(text),
  /** Sends until the buffer is full; returns the name of the error. */
  overfill(label: string): { sent: number; error: string; bufferedAmount: number } {
    const channel = named(label)
    const message = new Uint8Array(64 * 1024)
    for (let sent = 0; ; sent += message.byteLength) {
      try {
        channel.send(message)
      } catch (error) {
        return {
          sent,
          error: error instanceof Error ? error.name : String(error),
          bufferedAmount: channel.bufferedAmount,
        }
      }
    }
  },
  closeChannel: (label: string) => named(label).close(),
  channelState: (label: string) => named(label).readyState,
  closeConnection: () => lastConnection().close(),

  /** Sends `bytes` on a new channel like libp2p: until `highWater` is buffered, and again when the buffer is empty. */
  async flood(bytes: number, messageBytes: number, highWater: number) {
    const channel = lastConnection().createDataChannel('sink')
    await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
    const started = performance.now()
    let most = 0
    let sent = 0
    for (let number = 0; sent < bytes; number += 1) {
      channel.send(numbered(number, messageBytes))
      sent += messageBytes
      most = Math.max(most, channel.bufferedAmount)
      if (channel.bufferedAmount >= highWater)
        await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
    }
    const received = await new Promise<{ bytes: number; inOrder: boolean }>((resolve) => {
      channel.addEventListener('message', ({ data }) => resolve(JSON.parse(data)), { once: true })
      channel.send('how much?')
    })
    const tookMs = performance.now() - started
    const left = channel.bufferedAmount
    channel.close()
    return { ...received, sent, most, left, tookMs }
  },

  /** Sends messages one by one, each after the previous answer; returns the bytes then buffered. */
  async trickle(messages: number, bytes: number, lowThreshold: number): Promise<number> {
    const channel = lastConnection().createDataChannel('echo')
    channel.bufferedAmountLowThreshold = lowThreshold
    await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
    for (let number = 0; number < messages; number += 1) {
      const answered = new Promise((resolve) => channel.addEventListener('message', resolve, { once: true }))
      channel.send(numbered(number, bytes))
      await answered
    }
    return channel.bufferedAmount
  },

  happened: () => happened,
  /** Waits until `what` has been recorded `times` times. */
  until(what: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (happened.filter((one) => one === what).length < times) return
        watchers.delete(look)
        resolve()
      }
      watchers.add(look)
      look()
    })
  },

  /** Returns the name and message of the error of a refused new connection, or undefined. */
  async refusal(): Promise<{ name: string; message: string; state: string } | undefined> {
    const connection = new RTCPeerConnection()
    try {
      await connection.createOffer()
      return undefined
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      return { name, message, state: connection.connectionState }
    } finally {
      connection.close()
    }
  },
  channelPath: () => shim?.channelPath(),
  counts: () => shim?.connections(),
  openConnections: () => shim?.openConnections(),
  closeShim: () => shim?.close(),
  hasGlobal: () => 'RTCPeerConnection' in globalThis,
  end: () => self.close(),
}

export type RtcPeer = typeof peer

expose(peer)
