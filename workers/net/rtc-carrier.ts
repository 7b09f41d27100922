import type { ChannelData, ChannelId, ConnectionId, ToPage, ToWorker } from '../contract/rtc.ts'

/** Carries a data channel's messages: on the channel itself, transferred to this worker, or through the page. */
export interface ChannelCarrier {
  /** Not called before `opened`, or with more than the channel's buffer takes. */
  send(data: string | Uint8Array<ArrayBuffer>): void
  bufferedAmount(): number
  setLowThreshold(bytes: number): void
  id(): number | null
  close(): void
  /** Stops notifying the sink, without closing. */
  detach(): void
}

/** Receives the events of a carrier. Messages can arrive before `opened`. */
export interface ChannelSink {
  opened(): void
  received(data: ChannelData): void
  bufferedAmountLow(): void
  closing(): void
  failed(error: Error): void
  closed(): void
}

/**
 * How long a transferred channel may stay unopened while its connection works (ms). No browser took longer than 100 ms
 * in 10,000 transfers; the limit is for browsers that lose a channel during transfer.
 */
export const OPEN_LIMIT_MS = 10_000
/** Interval between checks for a missed `open` event (ms). */
const OPEN_CHECK_MS = 500

/**
 * Carries a channel that was transferred to this worker. It polls the state besides listening, because a channel can be
 * open on arrival. A channel that never opens although it is `connected` fails.
 */
export const carryTransferred = (
  channel: RTCDataChannel,
  sink: ChannelSink,
  connected: () => boolean,
): ChannelCarrier => {
  const listening = new AbortController()
  const { signal } = listening
  let waitedMs = 0
  const checkState = () => {
    if (channel.readyState === 'open') opened()
    else if (channel.readyState === 'closed') closed()
  }
  const check = setInterval(() => {
    checkState()
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
  // After the sink has its carrier.
  queueMicrotask(() => {
    if (!signal.aborted) checkState()
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

export interface PageCarrier extends ChannelCarrier {
  handle(message: Extract<ToWorker, { channel: ChannelId }>): void
}

/**
 * Carries a channel that stays in the page. Data sent in one task crosses as one message. `bufferedAmount` counts bytes
 * in transit to the page and those in the page's channel as of its last report.
 */
export const carryThroughPage = (
  connection: ConnectionId,
  channel: ChannelId,
  sink: ChannelSink,
  post: (message: ToPage, transfer?: Transferable[]) => void,
): PageCarrier => {
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
      // In order with earlier sends, as on the channel itself.
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
