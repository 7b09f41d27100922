import type { IncomingMessage } from 'node:http'

/** First room for a body of unknown length (bytes); it doubles when it is full. */
const firstRoom = 16 * 1024

/**
 * Reads a request body of at most `limit` bytes. Reading stops at the limit, and when `signal` aborts.
 *
 * What has arrived is copied together: a sender may cut its body into chunks of one byte, and each chunk kept by itself
 * would take more than a hundred bytes.
 *
 * @returns undefined for a longer body, also when its declared length says so before a byte was read.
 * @throws Error when the sender disconnects or `signal` aborts.
 */
export const readBody = async (
  request: IncomingMessage,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> => {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>()
  let body = Buffer.alloc(0)
  let length = 0
  const onData = (chunk: Buffer): void => {
    const end = length + chunk.length
    if (end > limit) {
      resolve(undefined)
      return
    }
    if (end > body.length) {
      const larger = Buffer.alloc(Math.min(limit, Math.max(firstRoom, end, 2 * body.length)))
      body.copy(larger, 0, 0, length)
      body = larger
    }
    chunk.copy(body, length)
    length = end
  }
  const onEnd = (): void => resolve(body.subarray(0, length))
  const onAbort = (): void => reject(new Error('Reading the body was cancelled.'))
  const onClose = (): void => reject(new Error('The sender disconnected.'))
  request.on('data', onData)
  request.on('end', onEnd)
  request.on('close', onClose)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await promise
  } finally {
    request.off('data', onData)
    request.off('end', onEnd)
    request.off('close', onClose)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Reads and drops the rest of a body, so that its sender sees the response; disconnects after `limit` bytes. */
export const discardBody = (request: IncomingMessage, limit: number): void => {
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > limit) request.socket.destroy()
  })
}
