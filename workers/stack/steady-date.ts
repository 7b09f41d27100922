/**
 * A `Date` that ignores changes of the system clock.
 *
 * libp2p measures durations with `Date`: the age of an address, record or provider, the backoff before a graft, the
 * lifetime of a tag. Setting the clock forward by a day ends all of them at once; setting it back extends them by a day.
 * After `installSteadyDate` the time advances evenly from the clock's value at that moment.
 *
 * Does not guarantee the right time (`wallNow` reads the system clock) or that it counts sleep: monotonic clocks of
 * browsers may stop while the machine sleeps, which the engine handles on wake.
 */

let system: DateConstructor | undefined

/** The system clock (ms since the epoch), for times that people read and for stored times. */
export const wallNow = (): number => (system ?? Date).now()

/** Call once in a worker or process, before anything is measured. Returns a function that undoes it. */
export const installSteadyDate = (): (() => void) => {
  if (system !== undefined) return () => {}
  const SystemDate = Date
  system = SystemDate
  const startedAt = SystemDate.now()
  const startedSteadyAt = performance.now()
  const now = (): number => Math.floor(startedAt + performance.now() - startedSteadyAt)
  const SteadyDate: DateConstructor = new Proxy(SystemDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget === SteadyDate ? target : newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
  globalThis.Date = SteadyDate
  return () => {
    globalThis.Date = SystemDate
    system = undefined
  }
}

/**
 * Makes a given clock steady: reads it once (ms since the epoch) and then advances evenly. For durations that outlive the
 * process, such as a ban.
 */
export const steadyFrom = (clock: () => number): (() => number) => {
  const startedAt = clock()
  const startedSteadyAt = performance.now()
  return () => Math.floor(startedAt + performance.now() - startedSteadyAt)
}
