import { createEmitter, type Subscribe } from './emitter.ts'
import type { Clocks } from './platform.ts'

/**
 * The time, and whether this machine's clock can be right. It is compared with the clock of the page's server, and not
 * with those of peers, who could claim any time.
 *
 * Not guaranteed: which of the two clocks is wrong. Without an answer from the server the difference stays unknown.
 */
export interface Clock {
  /** Time of this machine's clock (ms since the epoch). */
  now(): number
  /** Time of the later clock (ms since the epoch). Later times are in the future by both clocks. */
  latest(): number
  /** Lead of this machine's clock (ms), negative when behind; undefined while both agree or the server's is unknown. */
  aheadMs(): number | undefined
  /** Calls `listener` when `aheadMs` has changed. */
  readonly onChange: Subscribe<void>
  /** Compares the clocks again: at the start, and after the machine wakes or its clock is set. */
  check(): Promise<void>
}

export interface ClockDependencies {
  clocks: Clocks
  /** Origin of the page's server; without one there is no comparison. */
  origin: string | undefined
  signal: AbortSignal
}

/** Largest difference of two clocks that agree (ms); synchronised machines differ by seconds. */
const toleranceMs = 300_000

/** Timeout of the request (ms); a slower answer does not tell precisely when it was written. */
const timeoutMs = 10_000

/** Correction for the `date` header (ms), which is rounded down to whole seconds: half a second on average. */
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
    // The clock was set meanwhile, or the machine slept: neither reading is usable.
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
    check() {
      // A comparison in progress may have started too early.
      again = true
      running ??= run()
      return running
    },
  }
}

/** Time of the server's clock (ms since the epoch); undefined without a usable answer. */
const askServer = async (origin: string, signal: AbortSignal): Promise<number | undefined> => {
  try {
    const { headers } = await fetch(new URL('/relays.json', origin), { method: 'HEAD', cache: 'no-store', signal })
    // A cached response states its age.
    const time = Date.parse(headers.get('date') ?? '') + 1_000 * Number(headers.get('age') ?? 0)
    return Number.isFinite(time) ? time : undefined
  } catch {
    return undefined
  }
}
