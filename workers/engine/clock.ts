import { createEmitter, type Subscribe } from './emitter.ts'
import type { Clocks } from './platform.ts'

/**
 * What time it is, and whether the clock of this machine can be right: it is compared with that of the server which the
 * page came from. No other peer is asked, since anyone could say anything.
 *
 * Not guaranteed: which of the two is wrong. Where the server does not answer, nothing is said.
 */
export interface Clock {
  /** What the clock of this machine says (ms since the epoch). */
  now(): number
  /** The later of the two clocks. A time after it has not come by either of them. */
  latest(): number
  /** How far this machine's clock is ahead (ms), or behind (negative); undefined while they agree or nothing is known. */
  aheadMs(): number | undefined
  /** Calls `listener` when `aheadMs` has changed. */
  readonly onChange: Subscribe<void>
  /** Compares them again: at the start, and whenever the machine woke or its clock was set. */
  look(): Promise<void>
}

export interface ClockDependencies {
  clocks: Clocks
  /** Of the page's server; without one nothing is compared. */
  origin: string | undefined
  signal: AbortSignal
}

/** Clocks that differ by less are taken for right (ms): machines that set their clocks differ by seconds. */
const toleranceMs = 300_000

/** The server may take this long (ms); a slower answer says too little of when it was written. */
const timeoutMs = 10_000

/** The header has whole seconds, rounded down: on average half of one is missing (ms). */
const roundingMs = 500

export const createClock = ({ clocks, origin, signal }: ClockDependencies): Clock => {
  const now = clocks.wall
  const changes = createEmitter()
  let aheadMs: number | undefined
  let running: Promise<void> | undefined
  let again = false

  const compare = async (): Promise<void> => {
    if (origin === undefined) return
    const before = now()
    const beganAt = clocks.monotonic()
    const server = await askServer(origin, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
    if (server === undefined || signal.aborted) return
    const tookMs = clocks.monotonic() - beganAt
    const here = now()
    // The clock was set meanwhile, or the machine slept: neither reading says anything.
    if (Math.abs(here - before - tookMs) > toleranceMs / 2) {
      again = true
      return
    }
    const difference = Math.round(here - tookMs / 2 - (server + roundingMs))
    const next = Math.abs(difference) < toleranceMs ? undefined : difference
    const changed = next !== aheadMs
    aheadMs = next
    if (changed) changes.emit()
  }

  const run = async (): Promise<void> => {
    do {
      again = false
      await compare()
    } while (again && !signal.aborted)
    running = undefined
  }

  return {
    now,
    latest: () => now() + Math.max(0, -(aheadMs ?? 0)),
    aheadMs: () => aheadMs,
    onChange: changes.subscribe,
    look() {
      // One that is under way may have been asked too early.
      again = true
      running ??= run()
      return running
    },
  }
}

/** What the server's clock says (ms since the epoch); undefined where it does not say. */
const askServer = async (origin: string, signal: AbortSignal): Promise<number | undefined> => {
  try {
    const { headers } = await fetch(new URL('/relays.json', origin), { method: 'HEAD', cache: 'no-store', signal })
    // What was kept on the way is as old as it says.
    const time = Date.parse(headers.get('date') ?? '') + 1_000 * Number(headers.get('age') ?? 0)
    return Number.isFinite(time) ? time : undefined
  } catch {
    return undefined
  }
}
