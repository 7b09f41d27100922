import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { concatBytes } from '../protocol/bytes.ts'
import { readVarint } from '../protocol/varint.ts'

/**
 * Frames on a stream: the length as an unsigned varint (LEB128), then as many bytes.
 *
 * The length is compared with what may come next before anything is allocated for it, and the bytes go straight into a
 * buffer of that length: one copy, no promise for each frame.
 */
export interface FrameRules {
  /** Most bytes that the next frame may have; read anew for each frame. */
  maxLength(): number
  /** A whole frame, in a buffer of its own. */
  onFrame(frame: Uint8Array): void
  /** What came is no frame that may come here; nothing more is read. */
  onFault(detail: string): void
  /** Any bytes came. */
  onBytes?(count: number): void
}

/** A varint of a frame's length takes at most this many bytes: 28 bits are far more than any frame has. */
const maxLengthBytes = 4

/** Reads frames off `stream` until the returned function is called or a fault was found. */
export const readFrames = (stream: Stream, rules: FrameRules): (() => void) => {
  const lengthBytes = new Uint8Array(maxLengthBytes)
  let lengthBytesRead = 0
  let frame: Uint8Array | undefined
  let filled = 0
  let reading = true

  const fault = (detail: string): void => {
    stop()
    rules.onFault(detail)
  }

  const readLength = (byte: number): void => {
    lengthBytes[lengthBytesRead] = byte
    lengthBytesRead += 1
    const read = readVarint(lengthBytes.subarray(0, lengthBytesRead), 0, maxLengthBytes)
    if (read === 'more') return
    const allowed = rules.maxLength()
    const length = read?.value
    if (length === undefined) fault('unreadable frame length')
    else if (length > allowed) fault(`frame of ${length} bytes, over the limit of ${allowed}`)
    else if (length === 0) fault('empty frame')
    else {
      frame = new Uint8Array(length)
      filled = 0
    }
  }

  const take = (chunk: Uint8Array): void => {
    for (let offset = 0; reading && offset < chunk.length; ) {
      if (frame === undefined) {
        readLength(chunk[offset] ?? 0)
        offset += 1
        continue
      }
      const part = chunk.subarray(offset, offset + frame.length - filled)
      frame.set(part, filled)
      filled += part.length
      offset += part.length
      if (filled < frame.length) return
      const whole = frame
      frame = undefined
      lengthBytesRead = 0
      rules.onFrame(whole)
    }
  }

  const onMessage = ({ data }: StreamMessageEvent): void => {
    rules.onBytes?.(data.byteLength)
    if (data instanceof Uint8Array) take(data)
    else for (const part of data) take(part)
  }
  const stop = (): void => {
    reading = false
    stream.removeEventListener('message', onMessage)
  }
  stream.addEventListener('message', onMessage)
  return stop
}

/** `payload` as a frame; small ones only, since it is copied. */
export const toFrame = (payload: Uint8Array): Uint8Array => concatBytes([varint(payload.length), payload])
