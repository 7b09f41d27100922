import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** Values in the DHT end after 48 h and nobody else puts them again (js-libp2p): four chances before that, ms. */
const headsEveryMs = 12 * 3_600_000

/** Provider records end after 48 h too, ms. */
const rootsEveryMs = 22 * 3_600_000

/** A round that reached nobody is tried again after this long, ms. */
const retryMs = 10 * 60_000

export interface RepublishDependencies {
  telemetry: Pick<Telemetry, 'tracer' | 'logger'>
  /** Own heads as DHT key and value. */
  heads(): Iterable<{ key: string; value: Uint8Array }> | Promise<Iterable<{ key: string; value: Uint8Array }>>
  /** Roots of what is held here completely, as text. */
  roots(): Iterable<string> | Promise<Iterable<string>>
  /** Each resolves with how many peers took it. */
  put(key: string, value: Uint8Array, operation: Operation): Promise<number>
  provide(root: string, operation: Operation): Promise<number>
}

export interface Republish {
  /** A round of both now, for a start or a wake: timers do not run while a machine sleeps. */
  now(): void
  /** A round of the heads: their values carry the chain of the identity, which has changed. */
  headsNow(): void
  stop(): void
}

/**
 * Keeps what this node has in the DHT there: its heads every 12 h, what it holds every 22 h, one after the other, since
 * each is a walk through the DHT. A round in which nobody took anything is repeated after 10 min. The first round comes
 * with `now`.
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
  const heads = createRounds(round('dht.republish heads', putHeads), headsEveryMs)
  const roots = createRounds(round('dht.republish providers', provideRoots), rootsEveryMs)

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
 * Runs `round` on demand and every `everyMs` after its end, sooner if it resolved false or failed; never two at once. One
 * that is asked for while another runs follows it: what a wake asks for must not be what the sleep had broken.
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
