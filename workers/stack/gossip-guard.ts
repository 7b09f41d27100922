import type { GossipSub } from '@libp2p/gossipsub'

/**
 * Frames that one peer may send in one second. An honest one sends a few at each heartbeat, and a burst when many
 * packages are published at once.
 */
const maxFramesPerSecond = 2_000

/** Frames that are handled before other work gets a turn. */
const framesPerTurn = 64

/** What gossipsub reads a peer's stream with; internal to it, and pinned with its version. */
interface FrameReader {
  pipePeerReadStream(peer: unknown, frames: AsyncIterable<Frame>): Promise<void>
}

type Frame = { subarray(): Uint8Array }

/**
 * Bounds what a peer can make gossipsub do: it takes each frame that does not decode as a reason to read the next, so
 * that 10 MB of empty frames stop the node for seconds. Past the rate the stream ends; until then others get their turn.
 */
export const guardFrames = (pubsub: GossipSub): GossipSub => {
  const reader = pubsub as unknown as FrameReader
  if (typeof reader.pipePeerReadStream !== 'function')
    throw new Error('This version of gossipsub reads streams in another way: see workers/stack/gossip-guard.ts.')
  const read = reader.pipePeerReadStream.bind(pubsub)
  reader.pipePeerReadStream = (peer, frames) =>
    read(
      peer,
      bounded(frames, () => performance.now()),
    )
  return pubsub
}

/** @throws Error once more frames came within a second than any honest peer sends. */
export const bounded = async function* <T>(frames: AsyncIterable<T>, now: () => number): AsyncGenerator<T> {
  let secondBegan = now()
  let inSecond = 0
  let inTurn = 0
  for await (const frame of frames) {
    if (now() - secondBegan >= 1000) {
      secondBegan = now()
      inSecond = 0
    }
    inSecond += 1
    if (inSecond > maxFramesPerSecond) throw new Error('The peer sends more gossip frames than any honest one.')
    inTurn += 1
    if (inTurn === framesPerTurn) {
      inTurn = 0
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    yield frame
  }
}
