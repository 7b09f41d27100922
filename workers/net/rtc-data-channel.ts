import type { ChannelData, ChannelDescription } from '../contract/rtc.ts'
import { byteLength, type ChannelCarrier, type ChannelSink } from './rtc-carrier.ts'
import { defineHandlers } from './rtc-handlers.ts'

/** The limit of Chrome's own channels; one that stays in the page must not accept more than its original takes. */
const BUFFER_LIMIT_BYTES = 16 * 1024 * 1024

/**
 * What a peer may send before its channel is open here, bytes. The browser says `open` within milliseconds; where it
 * never does, all that comes is kept.
 */
const EARLY_LIMIT_BYTES = 1024 * 1024

/** No message between browsers is longer, bytes, and none of ours; Firefox alone takes up to 1 GiB. */
export const MESSAGE_LIMIT_BYTES = 256 * 1024

/**
 * libp2p sends the length of a frame, an unsigned varint of at most this many bytes, and the frame as two messages. A
 * message costs about the same in every thread that it passes, however small it is.
 */
const LENGTH_MAX_BYTES = 4

/**
 * Chrome drops what it received on a channel that its peer closes before the receiving side listens, which it does a
 * task later in a page (14 % of channels that sent and closed when they opened lost it all) and a transfer later in a
 * worker (79 %). So a channel that sent, and has heard nothing that shows that the other side listens, is closed this
 * long after it opened, and no sooner.
 */
export const LINGER_MS = 1_000

/**
 * The data channel that code in the worker holds: there at once, also while the real one is still on its way.
 *
 * Messages that come before the channel is open are kept until it is, so that `open` goes first and a reply in
 * `message` never throws. What was sent before `close` arrives, unless the other side takes longer than a second to
 * listen. A message of a few bytes waits for the next one of the same task and goes out as its beginning: whoever reads
 * must take messages as a sequence of bytes, as libp2p does. Every channel that was handed out ends with one `close`
 * event; one that its peer closed before it was open here has no `open`. It is a class because it stands for one of the
 * browser's.
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
  #heard = false
  #lingering: ReturnType<typeof setTimeout> | undefined

  /** `onExcess` ends the connection: its peer sends what none of ours would. */
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
  /** Asked for by each line of the muxer's log, and the browser asks another thread each time; once given it stays. */
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
    const wait = this.#sent && !this.#heard ? this.#openedAt + LINGER_MS - performance.now() : 0
    // Without a carrier the real channel is still on its way and is closed when it comes.
    if (wait > 0) this.#lingering = setTimeout(() => this.#carrier?.close(), wait)
    else this.#carrier?.close()
  }

  /** The connection's: the real channel has come. `makeCarrier` is given this channel as its sink. */
  adopt(makeCarrier: (sink: ChannelSink) => ChannelCarrier, description: ChannelDescription): ChannelCarrier {
    this.#description = description
    const carrier = makeCarrier(this)
    this.#carrier = carrier
    if (this.#state === 'closed') carrier.detach()
    if (this.#lowThreshold > 0) carrier.setLowThreshold(this.#lowThreshold)
    if (this.#state === 'closing' || this.#state === 'closed') carrier.close()
    return carrier
  }

  /** The connection's: it is gone, and this channel with it, for `error` if that was not wished for. */
  abandon(error: Error | undefined): void {
    this.#carrier?.detach()
    clearTimeout(this.#lingering)
    if (this.#state === 'closed') return
    this.#state = 'closed'
    // What the caller of the connection's `close` does next comes before the events, as in a browser.
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
    this.#heard = true
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

  /** What came before the channel was open, or on one that the peer closed before it was open here. */
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

/** A text counts by its characters, each a byte or more: no text is encoded to learn that it is too long. */
const lengthOf = (data: ChannelData): number => (typeof data === 'string' ? data.length : data.byteLength)

/** The bytes themselves where they can be sent as they are; a copy of what other threads can write to. */
const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (!ArrayBuffer.isView(data)) throw new TypeError('A data channel in a worker sends strings, buffers and views.')
  const { buffer, byteOffset, byteLength: length } = data
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length)
  return new Uint8Array(buffer, byteOffset, length).slice()
}

/** Holds what goes out joined until the channel has copied it: one buffer for all, grown to the largest message. */
let outgoing = new Uint8Array(0)

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> => {
  const length = first.length + second.length
  if (outgoing.length < length) outgoing = new Uint8Array(length)
  outgoing.set(first)
  outgoing.set(second, first.length)
  return outgoing.subarray(0, length)
}
