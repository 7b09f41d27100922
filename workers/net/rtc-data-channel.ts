import type { ChannelData, ChannelDescription } from '../contract/rtc.ts'
import { byteLength, type ChannelCarrier, type ChannelSink } from './rtc-carrier.ts'
import { defineHandlers } from './rtc-handlers.ts'

/**
 * The buffer limit of Chrome's channels (bytes): a channel that stays in the page must not accept more than its
 * original.
 */
const BUFFER_LIMIT_BYTES = 16 * 1024 * 1024

/**
 * What a peer may send before its channel is open here (bytes). Browsers fire `open` within milliseconds; if one never
 * does, all received data is buffered.
 */
const EARLY_LIMIT_BYTES = 1024 * 1024

/** Limit of a received message (bytes): browsers and our peers send no longer ones, but Firefox accepts up to 1 GiB. */
export const MESSAGE_LIMIT_BYTES = 256 * 1024

/**
 * libp2p sends the length of a frame, an unsigned varint of at most this many bytes, and the frame as two messages.
 * Every message costs about the same in each thread that it crosses, however small it is.
 */
const LENGTH_MAX_BYTES = 4

/**
 * Chrome drops data received on a channel that its peer closes before the receiver listens. That is one task later in a
 * page (14 % of channels that sent and closed on opening lost everything) and one transfer later in a worker (79 %). So
 * a channel that sent, and received nothing to show that the peer listens, closes this long after it opened (ms).
 */
export const LINGER_MS = 1_000

/**
 * The data channel for code in the worker: usable at once, while the real one is still in transfer.
 *
 * Messages that arrive before the channel is open are buffered, so that `open` comes first and a reply in `message`
 * never throws. Data sent before `close` arrives, unless the other side takes longer than a second to listen. A message
 * of a few bytes is prepended to the next one of the same task, so receivers must read messages as a byte stream, as
 * libp2p does. Every channel ends with one `close` event; one that its peer closed before it was open here has no
 * `open`. It is a class because it replaces the browser's.
 */
export class DataChannel extends EventTarget implements ChannelSink {
  declare onopen: ((event: Event) => unknown) | null
  declare onmessage: ((event: MessageEvent<ChannelData>) => unknown) | null
  declare onbufferedamountlow: ((event: Event) => unknown) | null
  declare onclosing: ((event: Event) => unknown) | null
  declare onclose: ((event: Event) => unknown) | null
  declare onerror: ((event: Event & { error: Error }) => unknown) | null

  binaryType: 'arraybuffer' | 'blob' = 'arraybuffer'
  #description: ChannelDescription
  #onClosed: () => void
  #onExcess: (reason: string) => void
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'
  #lowThreshold = 0
  #carrier: ChannelCarrier | undefined
  #id: number | null = null
  #early: ChannelData[] = []
  #earlyBytes = 0
  #openedAt = 0
  #length: Uint8Array<ArrayBuffer> | undefined
  #sent = false
  #received = false
  #lingering: ReturnType<typeof setTimeout> | undefined

  /** `onExcess` closes the connection: its peer exceeds limits that our peers keep. */
  constructor(description: ChannelDescription, onClosed: () => void, onExcess: (reason: string) => void = () => {}) {
    super()
    this.#description = description
    this.#onClosed = onClosed
    this.#onExcess = onExcess
  }

  get label() {
    return this.#description.label
  }
  get protocol() {
    return this.#description.protocol
  }
  get ordered() {
    return this.#description.ordered
  }
  get negotiated() {
    return this.#description.negotiated
  }
  get maxPacketLifeTime() {
    return this.#description.maxPacketLifeTime
  }
  get maxRetransmits() {
    return this.#description.maxRetransmits
  }
  /**
   * Cached: every log line of the muxer reads it, each read asks another thread of the browser, and it never changes.
   */
  get id() {
    this.#id ??= this.#carrier?.id() ?? this.#description.id
    return this.#id
  }
  get readyState() {
    return this.#state
  }
  get bufferedAmount() {
    return (this.#carrier?.bufferedAmount() ?? 0) + (this.#length?.length ?? 0)
  }
  get bufferedAmountLowThreshold() {
    return this.#lowThreshold
  }
  set bufferedAmountLowThreshold(bytes: number) {
    if (bytes === this.#lowThreshold) return
    this.#lowThreshold = bytes
    this.#carrier?.setLowThreshold(bytes)
  }

  /** Throws an InvalidStateError when the channel is not open and an OperationError when its buffer is full. */
  send(data: string | ArrayBuffer | ArrayBufferView): void {
    const carrier = this.#carrier
    if (this.#state !== 'open' || carrier === undefined)
      throw new DOMException(`The data channel is ${this.#state}, not open.`, 'InvalidStateError')
    const message = typeof data === 'string' ? data : bytesOf(data)
    if (carrier.bufferedAmount() + byteLength(message) > BUFFER_LIMIT_BYTES)
      throw new DOMException('The send buffer of the data channel is full.', 'OperationError')
    this.#sent = true
    if (typeof message !== 'string' && message.length <= LENGTH_MAX_BYTES && this.#length === undefined) {
      this.#length = message.slice()
      queueMicrotask(() => this.#sendLength())
      return
    }
    const length = this.#length
    this.#length = undefined
    if (length === undefined) carrier.send(message)
    else if (typeof message === 'string') {
      carrier.send(length)
      carrier.send(message)
    } else carrier.send(joined(length, message))
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#sendLength()
    this.#state = 'closing'
    const wait = this.#sent && !this.#received ? this.#openedAt + LINGER_MS - performance.now() : 0
    // Without a carrier, the real channel is still in transfer and is closed on arrival.
    if (wait > 0) this.#lingering = setTimeout(() => this.#carrier?.close(), wait)
    else this.#carrier?.close()
  }

  /** For the connection: the real channel has arrived. `makeCarrier` receives this channel as its sink. */
  adopt(makeCarrier: (sink: ChannelSink) => ChannelCarrier, description: ChannelDescription): ChannelCarrier {
    this.#description = description
    const carrier = makeCarrier(this)
    this.#carrier = carrier
    if (this.#state === 'closed') carrier.detach()
    if (this.#lowThreshold > 0) carrier.setLowThreshold(this.#lowThreshold)
    if (this.#state === 'closing' || this.#state === 'closed') carrier.close()
    return carrier
  }

  /** For the connection: it has ended, and this channel with it; with an `error` if that was not requested. */
  abandon(error: Error | undefined): void {
    this.#carrier?.detach()
    clearTimeout(this.#lingering)
    if (this.#state === 'closed') return
    this.#state = 'closed'
    // As in a browser, the code after the connection's `close` runs before the events.
    queueMicrotask(() => {
      if (error !== undefined) this.#fail(error)
      this.#finish()
    })
  }

  opened(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#openedAt = performance.now()
    this.dispatchEvent(new Event('open'))
    this.#deliverEarly()
  }

  received(data: ChannelData): void {
    this.#received = true
    if (this.#lingering !== undefined) {
      clearTimeout(this.#lingering)
      this.#lingering = undefined
      this.#carrier?.close()
    }
    const bytes = lengthOf(data)
    if (this.#state === 'connecting') this.#earlyBytes += bytes
    if (bytes > MESSAGE_LIMIT_BYTES) this.#onExcess('The peer sent a message that is too long.')
    else if (this.#earlyBytes > EARLY_LIMIT_BYTES) this.#onExcess('The peer sends before the channel is open.')
    else if (this.#state === 'connecting') this.#early.push(data)
    else if (this.#state !== 'closed') this.#deliver(data)
  }

  bufferedAmountLow(): void {
    this.dispatchEvent(new Event('bufferedamountlow'))
  }

  closing(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    this.#deliverEarly()
    this.dispatchEvent(new Event('closing'))
  }

  failed(error: Error): void {
    this.#deliverEarly()
    this.#fail(error)
  }

  closed(): void {
    if (this.#state === 'closed') return
    this.#deliverEarly()
    this.#state = 'closed'
    this.#finish()
  }

  #sendLength() {
    const length = this.#length
    this.#length = undefined
    if (length !== undefined && this.#state !== 'closed') this.#carrier?.send(length)
  }

  /** Delivers messages that arrived before the channel was open, or that the peer sent before it closed. */
  #deliverEarly() {
    this.#earlyBytes = 0
    for (let data = this.#early.shift(); data !== undefined; data = this.#early.shift()) this.#deliver(data)
  }

  #deliver(data: ChannelData) {
    const wanted = this.binaryType === 'blob' && typeof data !== 'string' ? new Blob([data]) : data
    this.dispatchEvent(new MessageEvent('message', { data: wanted }))
  }

  #fail(error: Error) {
    this.dispatchEvent(Object.assign(new Event('error'), { error }))
  }

  #finish() {
    clearTimeout(this.#lingering)
    this.#early = []
    this.dispatchEvent(new Event('close'))
    this.#onClosed()
  }
}

defineHandlers(DataChannel.prototype, ['open', 'message', 'bufferedamountlow', 'closing', 'close', 'error'])

/** A text counts by its characters, each a byte or more, so that it need not be encoded to be found too long. */
const lengthOf = (data: ChannelData): number => (typeof data === 'string' ? data.length : data.byteLength)

/** The bytes without a copy where possible; a copy of shared memory, which other threads can write to. */
const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (!ArrayBuffer.isView(data)) throw new TypeError('A data channel in a worker sends strings, buffers and views.')
  const { buffer, byteOffset, byteLength: length } = data
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length)
  return new Uint8Array(buffer, byteOffset, length).slice()
}

/** Holds a joined message until the channel has copied it: one buffer for all, grown to the largest message. */
let outgoing = new Uint8Array(0)

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const length = first.length + second.length
  if (outgoing.length < length) outgoing = new Uint8Array(length)
  outgoing.set(first)
  outgoing.set(second, first.length)
  return outgoing.subarray(0, length)
}
