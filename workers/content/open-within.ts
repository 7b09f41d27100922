import type { Stream } from '@libp2p/interface'
import { Failure, isFailure, toFailure } from '../contract/failures.ts'

/**
 * A stream; or a failure after `timeoutMs`, or when `ended` fires, whether or not `openStream` heeds the signal it is
 * given. A stream that opens too late is aborted. Leaves no timer.
 */
export const openWithin = async (
  timeoutMs: number,
  ended: AbortSignal,
  openStream: (signal: AbortSignal) => Promise<Stream>,
): Promise<Stream> => {
  const giveUp = new AbortController()
  const given = Promise.withResolvers<never>()
  const end = (): void => {
    const reason = new Failure('PeerUnreachable', { code: 'peer-timed-out' })
    giveUp.abort(reason)
    given.reject(reason)
  }
  const timer = setTimeout(end, timeoutMs)
  ended.addEventListener('abort', end, { once: true })
  const opening = Promise.resolve().then(() => openStream(giveUp.signal))
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
