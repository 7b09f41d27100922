/**
 * How long the messages may be that carry a piece, from how fast the stream takes them.
 *
 * Whatever else a connection carries waits for a message that is on its way, so a message is short where the link is
 * slow; each message costs both ends events and copies, so it is long where the link is fast.
 */
export interface MessageSize {
  /** Most bytes for the next message. */
  readonly bytes: number
  /** An answer of `bytes` was given to the stream. */
  sent(bytes: number): void
}

/** What others wait for a message at most, ms, while the pace is even: two frames of a page. */
const holdUpMs = 32

/** Before the pace is known, and for a stream of few answers, bytes. */
const firstBytes = 64 * 1024

/** Less than what any WebRTC peer takes, bytes; below it the cost for each byte would be what slows a link. */
const leastBytes = 16 * 1024

/** Half a piece, bytes: with its frames it stays below the 256 KiB that a message can have between browsers. */
const mostBytes = 128 * 1024

/**
 * Answers over which the pace is taken: twice what a peer asks for at a time, since that many may have been given to
 * the stream and not have left it.
 */
const answersBack = 16

export const createMessageSize = (now: () => number = () => performance.now()): MessageSize => {
  const answers: { at: number; bytes: number }[] = []
  let bytes = firstBytes

  return {
    get bytes() {
      return bytes
    },
    sent(count) {
      const at = now()
      answers.push({ at, bytes: count })
      if (answers.length <= answersBack) return
      answers.shift()
      const tookMs = at - (answers[0]?.at ?? at)
      const total = answers.reduce((sum, answer) => sum + answer.bytes, 0)
      const most = tookMs > 0 ? (total / tookMs) * holdUpMs : mostBytes
      bytes = Math.round(Math.min(mostBytes, Math.max(leastBytes, most)))
    },
  }
}
