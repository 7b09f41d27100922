import { Failure } from '../contract/failures.ts'

/** A reloaded tab asks for the lock while its old worker is still ending: wait this long before it is called in use, ms. */
const handOverMs = 5_000

/**
 * Holds the one lock of a profile: two nodes with one key would take each other's dials, and two writers one database.
 * Returns the release.
 * @throws Failure `ProfileInUse` when another tab keeps the lock.
 */
export const acquireProfileLock = async (profile: string, locks: LockManager): Promise<() => void> => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const acquired = Promise.withResolvers<void>()
  locks
    .request(`ggen-profile-${profile}`, { signal: AbortSignal.timeout(handOverMs) }, () => {
      acquired.resolve()
      return released
    })
    .catch(acquired.reject)
  try {
    await acquired.promise
    return release
  } catch {
    throw new Failure(
      'ProfileInUse',
      `The profile “${profile}” is open in another tab of this browser. Use that tab, close it, or open another profile with ?peer=NAME.`,
    )
  }
}
