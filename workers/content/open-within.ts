import type { Stream } from '@libp2p/interface'
import { Failure, isFailure, toFailure } from '../contract/failures.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * A stream; or a failure after `timeoutMs`, or when the operation is cancelled, whether or not `openStream` heeds the one
 * it is given. A stream that opens too late is aborted. Leaves no timer.
 */
export const openWithin = async (
  timeoutMs: number,
  operation: Operation,
  openStream: (operation: Operation) => Promise<Stream>,
): Promise<Stream> => {
  const ended = operation.signal
  const giveUp = new AbortController()
  const given = Promise.withResolvers<never>()
  const end = (): void => {
    const reason = new Failure('PeerUnreachable', { code: 'peer-timed-out' })
    giveUp.abort(reason)
    given.reject(reason)
  }
  const timer = setTimeout(end, timeoutMs)
  ended.addEventListener('abort', end, { once: true })
  const opening = Promise.resolve().then(() => openStream(operation.detached(giveUp.signal)))
  try {
    return await Promise.race([opening, given.promise])
  } catch (thrown) {
    opening.then(
      (stream) => stream.abort(toFailure(thrown)),
      () => {},
    )
    throw isFailure(thrown) ? thrown : new Failure('PeerUnreachable', toFailure(thrown).reason)
  } finally {
    clearTimeout(timer)
    ended.removeEventListener('abort', end)
  }
}
