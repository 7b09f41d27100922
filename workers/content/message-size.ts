/**
 * Size of the messages that carry pieces, adapted to the measured throughput of the stream.
 *
 * A message in flight blocks the other streams of its connection, so messages are small on a slow link. Each message
 * costs both ends events and copies, so they are large on a fast one.
 */
export interface MessageSize {
  /** Maximum size of the next message (bytes). */
  readonly bytes: number
  /** Records an answer of `bytes` handed to the stream. */
  sent(bytes: number): void
}

/** Target for the time that a message blocks other streams (ms): two animation frames. */
const maxBlockingMs = 32

/** Size until the throughput has been measured (bytes). */
const initialBytes = 64 * 1024

/** Minimum size (bytes): accepted by every WebRTC peer; below it the overhead per message would dominate. */
const minBytes = 16 * 1024

/** Maximum size (bytes): half a piece, which with framing stays below the 256 KiB message limit of browsers. */
const maxBytes = 128 * 1024

/**
 * Answers in the throughput sample: twice the window of a client, because a full window may have been handed to the
 * stream without having been sent.
 */
const sampleAnswers = 16

export const createMessageSize = (now: () => number = () => performance.now()): MessageSize => {
  const answers: { at: number; bytes: number }[] = []
  let bytes = initialBytes

  return {
    get bytes() {
      return bytes
    },
    sent(count) {
      const at = now()
      answers.push({ at, bytes: count })
      if (answers.length <= sampleAnswers) return
      answers.shift()
      const elapsedMs = at - (answers[0]?.at ?? at)
      const total = answers.reduce((sum, answer) => sum + answer.bytes, 0)
      const target = elapsedMs > 0 ? (total / elapsedMs) * maxBlockingMs : maxBytes
      bytes = Math.round(Math.min(maxBytes, Math.max(minBytes, target)))
    },
  }
}
