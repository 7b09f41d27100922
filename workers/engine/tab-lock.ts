import { Failure } from '../contract/failures.ts'
import { tabLocks } from '../contract/tabs.ts'
import type { Clocks, ProfileLock, ProfileLockOptions } from './platform.ts'

/** Wait before the profile counts as in use (ms): a reloaded tab asks for the lock while its old worker is stopping. */
const handOverMs = 5_000

/** Interval at which the holder records that it is awake (ms). */
const awakeMs = 200

/**
 * Time without a record after which the holder may have been frozen and replaced (ms). Followers wait longer than this
 * before they take over, so a holder that was awake within it still holds the lock.
 */
const leaseMs = 800

/**
 * Acquires the lock of a profile, a Web Lock: two nodes with one key would receive each other's dials, and two engines
 * would write to one database.
 * @throws Failure `ProfileInUse` when another tab keeps the lock.
 */
export const acquireProfileLock = async (
  profile: string,
  locks: Pick<LockManager, 'request' | 'query'>,
  clocks: Clocks,
  { steal = false, onStolen }: ProfileLockOptions = {},
): Promise<ProfileLock> => {
  const name = tabLocks.profile(profile)
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const acquired = Promise.withResolvers<void>()
  let held = false
  const options: LockOptions = steal ? { steal } : { signal: AbortSignal.timeout(handOverMs) }
  locks
    .request(name, options, () => {
      held = true
      acquired.resolve()
      return released
    })
    .catch((error: unknown) => {
      if (!held) return acquired.reject(error)
      stopNoting()
      held = false
      onStolen?.()
    })
  try {
    await acquired.promise
  } catch {
    throw new Failure('ProfileInUse', { code: 'profile-held', profile })
  }
  const holderNow = async (): Promise<string | undefined> =>
    (await locks.query()).held?.find((lock) => lock.name === name)?.clientId
  const self = await holderNow()
  const readClocks = (): Readings => ({ monotonic: clocks.monotonic(), wall: clocks.wall() })
  /** By the clock that has moved further in either direction: in doubt the browser is asked. */
  const sinceMs = ({ monotonic, wall }: Readings): number =>
    Math.max(clocks.monotonic() - monotonic, Math.abs(clocks.wall() - wall))
  let awakeAt = readClocks()
  const timer = setInterval(() => {
    // After a freeze this timer may run before the loss of the lock is reported: only the check below ends the doubt.
    if (sinceMs(awakeAt) < leaseMs) awakeAt = readClocks()
  }, awakeMs)
  const stopNoting = (): void => clearInterval(timer)

  return {
    async assertHeld() {
      if (held && sinceMs(awakeAt) < leaseMs) return
      const stillOurs = held && (await holderNow()) === self
      if (!stillOurs) throw new Failure('ProfileInUse', { code: 'profile-taken-over', profile })
      awakeAt = readClocks()
    },
    release() {
      stopNoting()
      release()
    },
  }
}

interface Readings {
  /** Never set; in some browsers it stands still while the machine sleeps. */
  readonly monotonic: number
  /** Advances during sleep; people may set it. */
  readonly wall: number
}
