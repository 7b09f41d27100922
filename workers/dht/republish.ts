import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** Interval between puts of heads (ms): DHT values expire after 48 h, and js-libp2p peers do not republish them. */
const headsEveryMs = 12 * 3_600_000

/** Interval between provides of roots (ms): provider records also expire after 48 h. */
const rootsEveryMs = 22 * 3_600_000

/** Delay before repeating a round that reached no peer (ms). */
const retryMs = 10 * 60_000

export interface RepublishDependencies {
  telemetry: Pick<Telemetry, 'tracer' | 'logger'>
  /** Own heads as DHT key and value. */
  heads(): Iterable<{ key: string; value: Uint8Array }> | Promise<Iterable<{ key: string; value: Uint8Array }>>
  /** Roots of complete contents, as text. */
  roots(): Iterable<string> | Promise<Iterable<string>>
  /** Like `provide`, resolves with the number of peers reached. */
  put(key: string, value: Uint8Array, operation: Operation): Promise<number>
  provide(root: string, operation: Operation): Promise<number>
}

export interface Republish {
  /** Runs a round of both now, at start or after a sleep, when timers did not run. */
  now(): void
  /** A round of the heads: their values carry the chain of the identity, which has changed. */
  headsNow(): void
  stop(): void
}

/**
 * Keeps this node's records in the DHT: puts its heads every 12 h and provides its contents every 22 h, one at a time,
 * since each is a DHT query. Repeats a round that reached no peer after 10 min. The first round runs with `now`.
 */
export const startRepublish = (deps: RepublishDependencies): Republish => {
  const { tracer, logger } = deps.telemetry
  const log = logger('dht')
  const stopped = new AbortController()
  const { signal } = stopped

  const putHeads = async (operation: Operation): Promise<boolean> => {
    const counts: number[] = []
    for (const { key, value } of await deps.heads()) {
      if (signal.aborted) break
      counts.push(await deps.put(key, value, operation).catch(() => 0))
    }
    return counts.length === 0 || counts.some((count) => count > 0)
  }

  const provideRoots = async (operation: Operation): Promise<boolean> => {
    const counts: number[] = []
    for (const root of await deps.roots()) {
      if (signal.aborted) break
      counts.push(await deps.provide(root, operation).catch(() => 0))
    }
    return counts.length === 0 || counts.some((count) => count > 0)
  }

  const round = (name: string, work: (operation: Operation) => Promise<boolean>) => async (): Promise<boolean> => {
    const reached = await runOperation(tracer, name, signal, work)
    log.debug(name, { reached })
    return reached
  }
  const heads = createRounds(round('republish_heads', putHeads), headsEveryMs)
  const roots = createRounds(round('republish_providers', provideRoots), rootsEveryMs)

  return {
    now() {
      heads.now()
      roots.now()
    },
    headsNow: heads.now,
    stop() {
      stopped.abort()
      heads.stop()
      roots.stop()
    },
  }
}

/**
 * Runs `round` on demand and `everyMs` after its end, sooner if it resolved false or failed; never two at once. A round
 * requested while another runs follows it: after a wake, the running one may be broken by the sleep.
 */
const createRounds = (round: () => Promise<boolean>, everyMs: number) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const rounds = createCoalescedRun(async () => {
    if (stopped) return
    clearTimeout(timer)
    const reached = await round().catch(() => false)
    schedule(reached ? everyMs : retryMs)
  })
  const run = (): void => void rounds.ask()
  const schedule = (ms: number): void => {
    if (!stopped) timer = setTimeout(run, ms)
  }
  schedule(everyMs)

  return {
    now: run,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
