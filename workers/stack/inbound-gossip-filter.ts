import type { GossipSub } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import { encodingLength as varintLength } from 'uint8-varint'
import { countInvalidMessage, type Frame, filterInbound } from '../libp2p-internals/gossipsub.ts'
import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { yieldToEventLoop } from './event-loop.ts'
import type { GossipRateLimits } from './gossip-rate-limits.ts'
import { gossipFrameBytes } from './limits.ts'

/** Frames handled before yielding to the event loop. */
const framesPerTurn = 64

/** Unread bytes of a peer at which its stream pauses: more than two of the largest frames. */
const maxWaitingBytes = 2 * gossipFrameBytes + 1024

/** Invalid messages that a flood counts as: three make gossipsub ignore the peer (see `topicScore`). */
const floodPenalty = 3

export interface InboundGossipFilterOptions {
  limits: Pick<GossipRateLimits, 'admitFrame' | 'admitMessage'>
  /** A peer sends more than any honest one would. Called once per frame. */
  onFlood?(peer: string): void
}

/**
 * Bounds the work that a peer can cause before gossipsub sees its frames. Stock gossipsub reads ahead without limit,
 * skips undecodable frames, verifies the signature of a message of any size, and marks a message as seen before it is
 * validated, so that a dropped message is lost even when an honest peer sends it later.
 *
 * Too many frames or bytes end the stream. Too many messages make the node ignore the peer for a while. Messages beyond
 * the CPU budget are dropped and may arrive again from another peer. Backpressure holds unread data at the sender.
 */
export const filterInboundGossip = (
  pubsub: GossipSub,
  { limits, onFlood = () => {} }: InboundGossipFilterOptions,
): GossipSub => {
  filterInbound(pubsub, {
    frames(peer, frames, stream) {
      const onRead = holdBack(stream)
      const admit = ({ byteLength }: Frame): boolean => {
        onRead(byteLength)
        const isWithin = limits.admitFrame(peer, byteLength)
        if (!isWithin) onFlood(peer)
        return isWithin
      }
      return bounded(frames, admit)
    },
    messages(peer, messages) {
      let isFlood = false
      const countInvalid = (): void => countInvalidMessage(pubsub, peer, PACKAGES_TOPIC)
      const admitted = messages.filter(({ data }) => {
        const verdict = limits.admitMessage(peer)
        isFlood ||= verdict === 'flood'
        const isOversized = (data?.length ?? 0) > ANNOUNCEMENT_MAX_BYTES
        if (isOversized) countInvalid()
        return verdict === 'take' && !isOversized
      })
      if (isFlood) {
        for (let n = 0; n < floodPenalty; n += 1) countInvalid()
        onFlood(peer)
      }
      return admitted
    },
  })
  return pubsub
}

/** Pauses a stream with too much unread data. Call the returned function with the length of each frame read. */
const holdBack = (stream: Stream): ((frameBytes: number) => void) => {
  let waitingBytes = 0
  stream.addEventListener('message', ({ data }) => {
    waitingBytes += data.byteLength
    if (waitingBytes > maxWaitingBytes && stream.readStatus === 'readable') stream.pause()
  })
  return (frameBytes) => {
    waitingBytes -= frameBytes + varintLength(frameBytes)
    if (waitingBytes < maxWaitingBytes / 2 && stream.readStatus === 'paused') stream.resume()
  }
}

/** @throws Error at the first frame that is not admitted. */
export const bounded = async function* <T>(frames: AsyncIterable<T>, admit: (frame: T) => boolean): AsyncGenerator<T> {
  let inTurn = 0
  for await (const frame of frames) {
    if (!admit(frame)) throw new Error('The peer sends more gossip than any honest one.')
    inTurn += 1
    if (inTurn === framesPerTurn) {
      inTurn = 0
      await yieldToEventLoop()
    }
    yield frame
  }
}
