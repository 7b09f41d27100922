import type { ChannelData, ChannelId, ConnectionId, ToPage, ToWorker } from '../contract/rtc.ts'

/** How a data channel's messages travel: on the channel itself, transferred here, or through the page. */
export interface ChannelCarrier {
  /** Never called before `opened`, nor with more than the channel's buffer takes. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  bufferedAmount(): number
  setLowThreshold(bytes: number): void
  id(): number | null
  close(): void
  /** Stops telling the sink anything, without closing. */
  detach(): void
}

/** What a carrier tells the channel that it carries. Messages can come before `opened`. */
export interface ChannelSink {
  opened(): void
  received(data: ChannelData): void
  bufferedAmountLow(): void
  closing(): void
  failed(error: Error): void
  closed(): void
}

/**
 * How long a transferred channel may stay unopened while its connection works. No browser was seen to take longer than
 * 100 ms, also over 10,000 transfers; it is for those that lose a channel on its way.
 */
export const OPEN_LIMIT_MS = 10_000
/** A missed `open` event is made up for within this time. */
const OPEN_CHECK_MS = 500

/**
 * A channel that was transferred to this worker. Its state is looked at as well as listened to, since a channel can be
 * open when it arrives, and one that never opens although `connected` says that it could is given up.
 */
export const carryTransferred = (
  channel: RTCDataChannel,
  sink: ChannelSink,
  connected: () => boolean,
): ChannelCarrier => {
  const listening = new AbortController()
  const { signal } = listening
  let waitedMs = 0
  const look = () => {
    if (channel.readyState === 'open') opened()
    else if (channel.readyState === 'closed') closed()
  }
  const check = setInterval(() => {
    look()
    if (channel.readyState !== 'connecting') return
    waitedMs += connected() ? OPEN_CHECK_MS : 0
    if (waitedMs < OPEN_LIMIT_MS) return
    stop()
    channel.close()
    sink.failed(new Error('The data channel did not open after it was transferred to the worker.'))
    sink.closed()
  }, OPEN_CHECK_MS)
  const opened = () => {
    clearInterval(check)
    sink.opened()
  }
  const closed = () => {
    stop()
    sink.closed()
  }
  const stop = () => {
    clearInterval(check)
    listening.abort()
  }

  channel.binaryType = 'arraybuffer'
  channel.addEventListener('open', opened, { signal })
  channel.addEventListener('message', ({ data }: MessageEvent<ChannelData>) => sink.received(data), { signal })
  channel.addEventListener('bufferedamountlow', () => sink.bufferedAmountLow(), { signal })
  channel.addEventListener('closing', () => sink.closing(), { signal })
  channel.addEventListener('error', (event) => sink.failed(errorOf(event)), { signal })
  channel.addEventListener('close', closed, { signal })
  // Not before the sink knows its carrier.
  queueMicrotask(() => {
    if (!signal.aborted) look()
  })

  return {
    send: (data) => (typeof data === 'string' ? channel.send(data) : channel.send(data)),
    bufferedAmount: () => channel.bufferedAmount,
    setLowThreshold(bytes) {
      channel.bufferedAmountLowThreshold = bytes
    },
    id: () => channel.id,
    close: () => channel.close(),
    detach: stop,
  }
}

export interface PassedCarrier extends ChannelCarrier {
  handle(message: Extract<ToWorker, { channel: ChannelId }>): void
}

/**
 * A channel that stays in the page. What is sent in one task travels as one message. `bufferedAmount` counts what is on
 * its way to the page and what waited in the page's channel when it last said so.
 */
export const carryPassed = (
  connection: ConnectionId,
  channel: ChannelId,
  sink: ChannelSink,
  post: (message: ToPage, transfer?: Transferable[]) => void,
): PassedCarrier => {
  const to = { connection, channel }
  let id: number | null = null
  let lowThreshold = 0
  let sent = 0
  let taken = 0
  let waiting = 0
  let outbox: ChannelData[] = []
  let detached = false
  const amount = () => sent - taken + waiting
  const flush = () => {
    const data = outbox
    outbox = []
    if (data.length > 0 && !detached) post({ kind: 'send', ...to, data }, data.filter(isBuffer))
  }

  return {
    send(data) {
      if (outbox.length === 0) queueMicrotask(flush)
      const message = typeof data === 'string' ? data : data.slice().buffer
      outbox.push(message)
      sent += byteLength(data)
    },
    bufferedAmount: amount,
    setLowThreshold(bytes) {
      lowThreshold = bytes
      // After what was sent before, as on the channel itself.
      flush()
      post({ kind: 'low-threshold', ...to, bytes })
    },
    id: () => id,
    close() {
      flush()
      post({ kind: 'close-channel', ...to })
    },
    detach() {
      detached = true
    },
    handle(message) {
      if (detached) return
      switch (message.kind) {
        case 'channel-open':
          id = message.id
          sink.opened()
          break
        case 'channel-data':
          sink.received(message.data)
          break
        case 'channel-buffered': {
          const before = amount()
          taken = message.taken
          waiting = message.buffered
          if (before > lowThreshold && amount() <= lowThreshold) sink.bufferedAmountLow()
          break
        }
        case 'channel-closing':
          sink.closing()
          break
        case 'channel-error':
          sink.failed(new Error(message.message))
          break
        case 'channel-closed':
          detached = true
          sink.closed()
          break
      }
    },
  }
}

export const byteLength = (data: string | Uint8Array): number =>
  typeof data === 'string' ? encoder.encode(data).byteLength : data.byteLength

const encoder = new TextEncoder()

const isBuffer = (data: ChannelData) => typeof data !== 'string'

const errorOf = (event: Event): Error => {
  const { error } = event as Event & { error?: unknown }
  return error instanceof Error ? error : new Error('The data channel failed.')
}
