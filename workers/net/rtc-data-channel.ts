import type { ChannelData, ChannelDescription } from '../contract/rtc.ts'
import { byteLength, type ChannelCarrier, type ChannelSink } from './rtc-carrier.ts'
import { defineHandlers } from './rtc-handlers.ts'

/** The limit of Chrome's own channels; one that stays in the page must not accept more than its original takes. */
const BUFFER_LIMIT_BYTES = 16 * 1024 * 1024

/**
 * The data channel that code in the worker holds: there at once, also while the real one is still on its way.
 *
 * Messages that come before the channel is open are kept until it is, so that `open` goes first and a reply in
 * `message` never throws. Every channel that was handed out ends with one `close` event. It is a class because it
 * stands for one of the browser's.
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
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting'
  #lowThreshold = 0
  #carrier: ChannelCarrier | undefined
  #early: ChannelData[] = []

  constructor(description: ChannelDescription, onClosed: () => void) {
    super()
    this.#description = description
    this.#onClosed = onClosed
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
  get id() {
    return this.#carrier?.id() ?? this.#description.id
  }
  get readyState() {
    return this.#state
  }
  get bufferedAmount() {
    return this.#carrier?.bufferedAmount() ?? 0
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
    carrier.send(message)
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#state = 'closing'
    // Without a carrier the real channel is still on its way and is closed when it comes.
    this.#carrier?.close()
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
    this.dispatchEvent(new Event('open'))
    this.#deliverEarly()
  }

  received(data: ChannelData): void {
    if (this.#state === 'connecting') this.#early.push(data)
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

  /** What came before the channel was open, or on one that the peer closed before it was open here. */
  #deliverEarly() {
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
    this.#early = []
    this.dispatchEvent(new Event('close'))
    this.#onClosed()
  }
}

defineHandlers(DataChannel.prototype, ['open', 'message', 'bufferedamountlow', 'closing', 'close', 'error'])

/** The bytes themselves where they can be sent as they are; a copy of what other threads can write to. */
const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> => {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (!ArrayBuffer.isView(data)) throw new TypeError('A data channel in a worker sends strings, buffers and views.')
  const { buffer, byteOffset, byteLength: length } = data
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, byteOffset, length)
  return new Uint8Array(buffer, byteOffset, length).slice()
}
