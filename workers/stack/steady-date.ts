/**
 * A `Date` that a clock which is set cannot move.
 *
 * libp2p and its modules measure durations by `Date`: how old an address, a record or a provider is, when a peer may be
 * grafted again, when a tag ends. A clock that is set forward by a day ends all of them at once, one that is set back
 * makes them last for a day longer. After `installSteadyDate` the present moves on evenly from what the clock said then.
 *
 * Not guaranteed: that the present is right (`wallNow` asks the clock itself), nor that it counts the time in which the
 * machine slept: browsers' steady clocks may stand still in it. Waking has a routine of its own.
 */

let system: DateConstructor | undefined

/** What the clock of this machine says now (ms since the epoch). For what people read, and for what is written down. */
export const wallNow = (): number => (system ?? Date).now()

/** Once in a worker or process, before anything is measured. What is returned undoes it. */
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
 * The same for a clock that is given: ms since the epoch as it said at the beginning, moved on evenly. For durations that
 * outlive this process, such as the end of a ban.
 */
export const steadyFrom = (clock: () => number): (() => number) => {
  const startedAt = clock()
  const startedSteadyAt = performance.now()
  return () => Math.floor(startedAt + performance.now() - startedSteadyAt)
}
