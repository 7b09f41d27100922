import { Failure } from '../contract/failures.ts'
import { DEFLATED_BATCH_MAX_BYTES, ENTRY_BATCH_MAX_BYTES } from '../protocol/limits.ts'

/**
 * Deflate (RFC 1951) by the platform. Inflating is bounded by what the sender declared, and that by a limit: a bomb is
 * refused by its declared size, or, when that is a lie, a few megabytes past it.
 */

/** Compressed bytes that are handed in at once. Chromium unfolds all of a chunk, at most 1,032 to 1, before we can look. */
const sliceBytes = 2048

export const deflate = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const stream = new CompressionStream('deflate-raw')
  const written = write(stream.writable, [bytes])
  const deflated = await gather(stream.readable.getReader(), DEFLATED_BATCH_MAX_BYTES)
  await written
  return deflated
}

/**
 * @throws Failure `RecordTooLarge` when it is, or unfolds to, more than allowed; `RecordMalformed` for what is no
 * deflated text, ends early, goes on after its end, or has another size than declared.
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
    const bytes = await gather(reader, size)
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
  // The reader sees the same failure; this end must not be the first to tell, or nobody would listen yet.
  writer.closed.catch(() => {})
  try {
    for (const slice of slices) {
      await writer.ready
      await writer.write(slice as Uint8Array<ArrayBuffer>)
    }
    await writer.close()
  } catch {
    // Told by the reader.
  }
}

const gather = async (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array> => {
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
