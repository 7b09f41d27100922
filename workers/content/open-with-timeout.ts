import type { Stream } from '@libp2p/interface'
import { Failure, isFailure, toFailure } from '../contract/failures.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * Opens a stream within `timeoutMs`. Rejects on timeout or cancellation even if `openStream` ignores its signal, and
 * aborts a stream that opens too late. Leaves no timer.
 */
export const openWithTimeout = async (
  timeoutMs: number,
  operation: Operation,
  openStream: (operation: Operation) => Promise<Stream>,
): Promise<Stream> => {
  const { signal } = operation
  const abort = new AbortController()
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => {
    const reason = new Failure('PeerUnreachable', { code: 'peer-timed-out' })
    abort.abort(reason)
    aborted.reject(reason)
  }
  const timer = setTimeout(onAbort, timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  const opening = Promise.resolve().then(() => openStream(operation.detached(abort.signal)))
  try {
    return await Promise.race([opening, aborted.promise])
  } catch (thrown) {
    opening.then(
      (stream) => stream.abort(toFailure(thrown)),
      () => {},
    )
    throw isFailure(thrown) ? thrown : new Failure('PeerUnreachable', toFailure(thrown).reason)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
