import type { ChannelData, ChannelId, ConnectionId, ToWorker } from '../../workers/contract/rtc.ts'

/**
 * A data channel that stays in the page because it could not be transferred: its messages and events are posted to the
 * worker in order, with their buffers transferred, and the worker's messages are sent on it.
 *
 * The worker receives the buffered amount after each batch that it sends, and when the amount falls to its threshold;
 * in between, its value is too high rather than too low. A message that the channel rejects closes the channel with an
 * error, so no message is lost silently.
 */
export interface PassedChannel {
  send(data: ChannelData[]): void
  setLowThreshold(bytes: number): void
  close(): void
  /** Stops posting, without closing the channel. */
  detach(): void
}

export const passChannel = (
  channel: RTCDataChannel,
  connection: ConnectionId,
  id: ChannelId,
  post: (message: ToWorker, transfer?: Transferable[]) => void,
): PassedChannel => {
  const listening = new AbortController()
  const { signal } = listening
  const to = { connection, channel: id }
  let taken = 0
  const reportBuffered = () => post({ kind: 'channel-buffered', ...to, taken, buffered: channel.bufferedAmount })
  const reportOpen = () => post({ kind: 'channel-open', ...to, id: channel.id })

  channel.binaryType = 'arraybuffer'
  channel.addEventListener('open', reportOpen, { signal })
  channel.addEventListener(
    'message',
    ({ data }: MessageEvent<ChannelData>) =>
      post({ kind: 'channel-data', ...to, data }, typeof data === 'string' ? [] : [data]),
    { signal },
  )
  channel.addEventListener('bufferedamountlow', reportBuffered, { signal })
  channel.addEventListener('closing', () => post({ kind: 'channel-closing', ...to }), { signal })
  channel.addEventListener('error', ({ error }) => post({ kind: 'channel-error', ...to, message: error.message }), {
    signal,
  })
  channel.addEventListener('close', () => post({ kind: 'channel-closed', ...to }), { signal })

  return {
    send(messages) {
      for (const data of messages) {
        try {
          // The overloads of `send` take one type at a time.
          if (typeof data === 'string') channel.send(data)
          else channel.send(data)
        } catch (error) {
          // A closing channel rejects all messages, which are lost just as they are without a worker.
          if (channel.readyState !== 'open') return
          post({ kind: 'channel-error', ...to, message: error instanceof Error ? error.message : String(error) })
          channel.close()
          return
        }
        taken += typeof data === 'string' ? utf8Length(data) : data.byteLength
      }
      reportBuffered()
    },
    setLowThreshold(bytes) {
      channel.bufferedAmountLowThreshold = bytes
    },
    close: () => channel.close(),
    detach: () => listening.abort(),
  }
}

const encoder = new TextEncoder()
const utf8Length = (text: string) => encoder.encode(text).byteLength
