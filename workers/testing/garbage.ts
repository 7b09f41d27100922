import type { Stream } from '@libp2p/interface'

/** Ten megabytes of data that no protocol expects. */

const garbageBytes = 10_000_000

const chunkBytes = 60_000

export const garbageKinds = ['noise', 'one huge frame', 'a length without end', 'tiny frames'] as const

export type GarbageKind = (typeof garbageKinds)[number]

const chunkAt: Record<GarbageKind, (at: number) => Uint8Array> = {
  noise(at) {
    const chunk = new Uint8Array(chunkBytes)
    let state = at + 1
    for (let index = 0; index < chunk.length; index += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      chunk[index] = state >>> 24
    }
    return chunk
  },
  // The varint of 10,000,000, then as many bytes.
  'one huge frame': (at) => (at === 0 ? Uint8Array.of(0x80, 0xad, 0xe2, 0x04) : new Uint8Array(chunkBytes).fill(0x61)),
  'a length without end': () => new Uint8Array(chunkBytes).fill(0xff),
  // Frames of one byte, none of which is a message.
  'tiny frames': () => new Uint8Array(chunkBytes).fill(0x01),
}

/** Sends until all is sent or the other side has enough: it ended the stream, or takes no more. Tells how much went. */
export const pour = async (stream: Stream, kind: GarbageKind): Promise<number> => {
  let sent = 0
  // Reads and discards echoes.
  stream.addEventListener('message', () => {})
  try {
    for (let at = 0; sent < garbageBytes && stream.status === 'open'; at += 1) {
      const chunk = chunkAt[kind](at)
      sent += chunk.length
      if (!stream.send(chunk) && !(await drained(stream))) break
      await new Promise((resolve) => setImmediate(resolve))
    }
  } catch {
    // The other side has closed the stream, as it should.
  }
  return sent
}

/** Time without progress after which the other side counts as stuck (ms). */
const stuckMs = 2_000

/** Resolves to true when the stream accepts more; to false when it has ended or is stuck. */
const drained = (stream: Stream): Promise<boolean> =>
  stream.onDrain({ signal: AbortSignal.timeout(stuckMs) }).then(
    () => true,
    () => false,
  )
