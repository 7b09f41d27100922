import { Failure } from '../contract/failures.ts'
import { DEFLATED_BATCH_MAX_BYTES, ENTRY_BATCH_MAX_BYTES } from '../protocol/limits.ts'

/**
 * Deflate (RFC 1951) with the platform's streams. The declared size bounds inflation, and a limit bounds the declared
 * size: a bomb is rejected by its declared size or, if that is false, a few megabytes past it.
 */

/** Compressed bytes per chunk: Chromium inflates a whole chunk, at most 1,032 to 1, before we can check its size. */
const sliceBytes = 2048

export const deflate = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const stream = new CompressionStream('deflate-raw')
  const written = write(stream.writable, [bytes])
  const deflated = await collect(stream.readable.getReader(), DEFLATED_BATCH_MAX_BYTES)
  await written
  return deflated
}

/**
 * @throws Failure `RecordTooLarge` over a limit, deflated or inflated; `RecordMalformed` for invalid, truncated or
 * trailing data and for a size other than declared.
 */
export const inflate = async (deflated: Uint8Array, size: number): Promise<Uint8Array> => {
  if (size > ENTRY_BATCH_MAX_BYTES || deflated.length > DEFLATED_BATCH_MAX_BYTES) {
    throw new Failure('RecordTooLarge', { code: 'message-too-large', limit: ENTRY_BATCH_MAX_BYTES })
  }
  const slices: Uint8Array[] = []
  for (let at = 0; at < deflated.length; at += sliceBytes) slices.push(deflated.subarray(at, at + sliceBytes))
  const stream = new DecompressionStream('deflate-raw')
  const written = write(stream.writable, slices)
  const reader = stream.readable.getReader()
  try {
    const bytes = await collect(reader, size)
    await written
    if (bytes.length === size) return bytes
  } catch (error) {
    await reader.cancel().catch(() => {})
    await written.catch(() => {})
    if (error instanceof Failure) throw error
    throw new Failure('RecordMalformed', { code: 'protocol-violation', detail: 'undecodable batch' })
  }
  throw new Failure('RecordMalformed', { code: 'protocol-violation', detail: 'batch shorter than declared' })
}

const write = async (writable: WritableStream<BufferSource>, slices: readonly Uint8Array[]): Promise<void> => {
  const writer = writable.getWriter()
  // The reader sees the same failure; rejecting here first would be an unhandled rejection.
  writer.closed.catch(() => {})
  try {
    for (const slice of slices) {
      await writer.ready
      await writer.write(slice as Uint8Array<ArrayBuffer>)
    }
    await writer.close()
  } catch {
    // The reader reports it.
  }
}

const collect = async (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > limit) {
      throw new Failure('RecordTooLarge', { code: 'message-too-large', limit })
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
