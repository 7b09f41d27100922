import { type ScriptCommand, scriptCommands } from '../workers/contract/command-table.ts'
import { toFailure } from '../workers/contract/failures.ts'
import type { AnyReason } from '../workers/contract/reason-values.ts'
import type { Finding } from '../workers/contract/views.ts'
import type { EngineClient } from './engine/client.ts'

/**
 * `window.ggen` for scripts and tests: the engine client that the page itself uses.
 *
 * Every command resolves with plain data (`workers/contract/views.ts`) or rejects with an `Error` whose `name` is one of
 * `failureNames` (`workers/contract/failures.ts`), whose `message` is a sentence and whose `reason` is the code with its
 * values. Warnings are sentences and findings have one as `message`; other reasons are codes with values. Commands may be
 * called before `ready` and wait for it.
 *
 * What the engine tells about its own work (`workers/contract/telemetry-views.ts`; times are ms since the epoch):
 *
 * - `metrics()`: every metric by its Prometheus name with labels (`cache_hits_total{tier="hot"}`). Counters since the
 *   start, gauges now, histograms as the median of the latest 100 measurements (ms). `active_peers` counts distinct
 *   peers without relays. Without a measurement a gauge or histogram is missing.
 * - `percentiles()`: `{ count, p50, p95, p99 }` (ms) since the start, within 1.1 % of the exact values, of
 *   `dht_lookup_duration`, `package_search_duration`, `package_install_duration` and `gossip_propagation_time`; zeros
 *   without a measurement.
 * - `samples(since?, { step })`: rows after `since` as columns (`workers/contract/sample-columns.ts`), single
 *   measurements and events. `step` is `'second'` (default; an hour) or `'minute'` (a day, also from before a reload).
 *   All rows without `since`, and when it is later than the newest row, as after the clock was set back. NaN: nothing to
 *   measure. Where rows are further apart than the step, as after a sleep, the counts of the later row cover the gap.
 *   Rejects with `InvalidArgument`.
 * - `traces(limit?, { id, since })`: the last finished operations (at most 500) with their spans, newest first; only that
 *   with the trace id, or those that ended after `since`. Rejects with `InvalidArgument`.
 * - `objectives()`: each service level objective with its value over the last hour, state, target, alert value and burn
 *   rate, and the same since the start.
 * - `reputation()`: known peers with score, its four parts, faults and ban, best first.
 * - `telemetry()`, `setTelemetry({ export, ratio })`: whether traces and metrics go to the collector of the page's
 *   server, and which share of traces. Off until a person or script switches it on; the profile keeps the choice.
 *
 * Single peers, by peer id. Those marked * reject with `PeerUnreachable` unless the peer is connected:
 *
 * - `peers()`: connected peers with round trip (ms), health, score, and bytes in total and in the last 10 s.
 * - `peer(id)`*: the same with addresses, protocols, open streams, reputation and its history.
 * - `ping(id, count = 5)`*: round trips of up to 20 pings, one after the other, with minimum, median and maximum.
 * - `disconnect(id)`: closes all connections; the peer may connect again.
 * - `ban(id)`, `unban(id)`: refuses a peer for an hour, or ends that.
 */
export type Ggen = Pick<EngineClient, 'ready' | 'subscribe' | Exclude<ScriptCommand, WordedCommand>> & {
  [Name in WordedCommand]: (
    ...args: Parameters<EngineClient[Name]>
  ) => Promise<InWords<Awaited<ReturnType<EngineClient[Name]>>>>
}

/** Commands whose results have warnings or findings. */
type WordedCommand = 'check' | 'publish' | 'planInstall' | 'install'

type InWords<T> = Omit<T, 'warnings' | 'findings'> &
  (T extends { warnings: unknown } ? { warnings: string[] } : unknown) &
  (T extends { findings: unknown } ? { findings: (Finding & { message: string })[] } : unknown)

declare global {
  interface Window {
    ggen: Ggen
  }
}

export const createGgen = (client: EngineClient): Ggen => {
  const ready = worded(client.ready)
  // Its failure is reported to callers that await it.
  ready.catch(() => {})
  const commands = Object.fromEntries(
    scriptCommands.map((name) => {
      const command = client[name] as (...args: unknown[]) => Promise<unknown>
      return [name, (...args: unknown[]) => worded(command(...args))]
    }),
  ) as unknown as Pick<EngineClient, ScriptCommand>
  return {
    ...commands,
    ready,
    subscribe: client.subscribe,
    async check(...args) {
      const { findings, ...check } = await commands.check(...args)
      const { sayFailure } = await loadWords()
      return { ...check, findings: findings.map((finding) => ({ ...finding, message: sayFailure(finding) })) }
    },
    publish: async (...args) => withWarnings(await commands.publish(...args)),
    planInstall: async (...args) => withWarnings(await commands.planInstall(...args)),
    install: async (...args) => withWarnings(await commands.install(...args)),
  }
}

/**
 * Loads the words when a script first needs them: the page starts the engine without them. Where they cannot be loaded
 * any more, as after the server is gone, codes stand for them: what a command did must not look like a failure.
 */
const loadWords = (): Promise<Pick<typeof import('./text/reasons.ts'), 'sayFailure' | 'sayReason'>> =>
  import('./text/reasons.ts').catch(() => ({
    sayFailure: ({ reason }) => JSON.stringify(reason),
    sayReason: ({ code }) => code,
  }))

/** Rejects with the sentence of a failure as its message. */
const worded = async <T>(outcome: Promise<T>): Promise<T> => {
  try {
    return await outcome
  } catch (thrown) {
    const failure = toFailure(thrown)
    const { name, reason } = failure
    const { sayFailure } = await loadWords()
    throw Object.assign(new Error(sayFailure(failure)), { name, reason })
  }
}

const withWarnings = async <T extends { warnings: readonly AnyReason[] }>({ warnings, ...result }: T) => {
  const { sayReason } = await loadWords()
  return { ...result, warnings: warnings.map(sayReason) }
}
