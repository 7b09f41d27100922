import { Failure } from '../contract/failures.ts'
import { tabLocks } from '../contract/tabs.ts'
import { wallNow } from '../stack/steady-date.ts'

/** A reloaded tab asks for the lock while its old worker is still ending: wait this long before it is called in use, ms. */
const handOverMs = 5_000

/** How often the holder notes that it is awake, ms. */
const awakeMs = 200

/**
 * A holder that noted nothing for this long, ms, may have been frozen and replaced. Followers wait longer than this
 * before they take over, so whoever was awake lately still holds the lock.
 */
const leaseMs = 800

export interface ProfileLockOptions {
  /** Takes the lock from a holder that is frozen. */
  steal?: boolean
  /** The lock was taken by another tab: everything must stop at once. */
  onStolen?(): void
}

export interface ProfileLock {
  /** Resolves where this holder may write; rejects with `ProfileInUse` when it was frozen and another took over. */
  assertHeld(): Promise<void>
  release(): void
}

/**
 * Holds the one lock of a profile: two nodes with one key would take each other's dials, and two writers one database.
 * @throws Failure `ProfileInUse` when another tab keeps the lock.
 */
export const acquireProfileLock = async (
  profile: string,
  locks: Pick<LockManager, 'request' | 'query'>,
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
  let awakeAt = readClocks()
  const timer = setInterval(() => {
    // After a freeze this timer may run before the loss of the lock is told: only the check below ends the doubt.
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

interface Clocks {
  /** Nobody sets it; in some browsers it stands still while the machine sleeps. */
  steady: number
  /** Goes on in a sleep; a person may set it back. */
  day: number
}

const readClocks = (): Clocks => ({ steady: performance.now(), day: wallNow() })

/** By the clock that has moved more, either way: in doubt the browser is asked. */
const sinceMs = ({ steady, day }: Clocks): number => Math.max(performance.now() - steady, Math.abs(wallNow() - day))
