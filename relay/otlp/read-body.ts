import type { IncomingMessage } from 'node:http'

/**
 * Reads a request body of at most `limit` bytes. Reading stops at the limit, and when `signal` aborts.
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
  const chunks: Buffer[] = []
  let length = 0
  const onData = (chunk: Buffer): void => {
    length += chunk.length
    if (length > limit) resolve(undefined)
    else chunks.push(chunk)
  }
  const onEnd = (): void => resolve(Buffer.concat(chunks, length))
  const onAbort = (): void => reject(new Error('The body is no longer wanted.'))
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
