import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { concatBytes } from '../protocol/bytes.ts'
import { readVarint } from '../protocol/varint.ts'

/**
 * Length-prefixed frames on a stream: an unsigned varint (LEB128), then that many bytes.
 *
 * Checks the length against the current limit before allocating, and copies the bytes once into a buffer of that length,
 * without a promise per frame.
 */
export interface FrameReaderOptions {
  /** Maximum length of the next frame (bytes); called for each frame. */
  maxLength(): number
  /** Receives a complete frame in its own buffer. */
  onFrame(frame: Uint8Array): void
  /** Reports a protocol error; reading has stopped. */
  onProtocolError(detail: string): void
  /** Reports received bytes, including partial frames. */
  onBytes?(count: number): void
}

/** Maximum bytes of a length varint: 28 bits exceed any frame. */
const maxLengthBytes = 4

/** Reads frames from `stream` until the returned function is called or a protocol error occurs. */
export const readFrames = (stream: Stream, options: FrameReaderOptions): (() => void) => {
  const lengthBytes = new Uint8Array(maxLengthBytes)
  let lengthBytesRead = 0
  let frame: Uint8Array | undefined
  let filled = 0
  let reading = true

  const protocolError = (detail: string): void => {
    stop()
    options.onProtocolError(detail)
  }

  const readLength = (byte: number): void => {
    lengthBytes[lengthBytesRead] = byte
    lengthBytesRead += 1
    const read = readVarint(lengthBytes.subarray(0, lengthBytesRead), 0, maxLengthBytes)
    if (read === 'more') return
    const allowed = options.maxLength()
    const length = read?.value
    if (length === undefined) protocolError('unreadable frame length')
    else if (length > allowed) protocolError(`frame of ${length} bytes, over the limit of ${allowed}`)
    else if (length === 0) protocolError('empty frame')
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
      options.onFrame(whole)
    }
  }

  const onMessage = ({ data }: StreamMessageEvent): void => {
    options.onBytes?.(data.byteLength)
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

/** Encodes a small payload as a frame; copies it. */
export const toFrame = (payload: Uint8Array): Uint8Array => concatBytes([varint(payload.length), payload])
