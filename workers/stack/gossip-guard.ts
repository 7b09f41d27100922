import type { GossipSub } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import { encodingLength as varintLength } from 'uint8-varint'
import { countInvalidMessage, type Frame, filterInbound } from '../libp2p-internals/gossipsub.ts'
import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { yieldToEventLoop } from './event-loop.ts'
import type { GossipLimits } from './gossip-limits.ts'
import { gossipFrameBytes } from './limits.ts'

/** Frames that are handled before other work gets a turn. */
const framesPerTurn = 64

/** Bytes of a peer that wait to be read, more than two of the largest frames: then it has to wait. */
const maxWaitingBytes = 2 * gossipFrameBytes + 1024

/** Invalid messages that a flood counts as: with three, nothing of a peer is taken (see `topicScore`). */
const floodPenalty = 3

export interface GossipGuardOptions {
  limits: Pick<GossipLimits, 'admitFrame' | 'admitMessage'>
  /** A peer sends more than any honest one would. Told once a frame. */
  onFlood?(peer: string): void
}

/**
 * Bounds what a peer can make gossipsub do, before it does anything. By itself it reads ahead without end, takes each
 * frame that does not decode as a reason to read the next, checks a signature of each message whatever its size, and
 * marks a message as seen before it is judged, so that one that is dropped then is lost when an honest peer sends it.
 *
 * Too many frames or bytes end the stream; too many messages make it deaf to the peer for a while; what is only more than there is
 * time for is dropped, and may come again from another peer. What cannot be read yet waits at the sender.
 */
export const guardGossip = (pubsub: GossipSub, { limits, onFlood = () => {} }: GossipGuardOptions): GossipSub => {
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
      const blame = (): void => countInvalidMessage(pubsub, peer, PACKAGES_TOPIC)
      const admitted = messages.filter(({ data }) => {
        const verdict = limits.admitMessage(peer)
        isFlood ||= verdict === 'flood'
        const isOversized = (data?.length ?? 0) > ANNOUNCEMENT_MAX_BYTES
        if (isOversized) blame()
        return verdict === 'take' && !isOversized
      })
      if (isFlood) {
        for (let n = 0; n < floodPenalty; n += 1) blame()
        onFlood(peer)
      }
      return admitted
    },
  })
  return pubsub
}

/** Pauses a stream while too much of it waits; what it returns is to be told of the length of each frame that was read. */
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
