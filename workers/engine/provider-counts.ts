import { textToRoot, toHex } from '../protocol/ids.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Network } from './network.ts'

/** Age up to which a count is not refreshed (ms). */
const freshMs = 60_000

/** Timeout of a provider lookup (ms); the providers found by then count. */
const countTimeoutMs = 5_000

export interface ProviderCountsDependencies {
  telemetry: Pick<Telemetry, 'tracer'>
  network: Pick<Network, 'started'> & { readonly dht: Pick<Network['dht'], 'provide' | 'countProviders'> }
  signal: AbortSignal
  /** Monotonic (ms). */
  now(): number
  /** Called when the count of this package has changed. */
  onChange(id: string): void
}

export interface ProviderCounts {
  /** Number of distinct known providers of this content, this node included if it holds it. */
  count(root: Uint8Array, heldHere: boolean): number
  /** Counts the providers of a package's content, unless the count is recent; never rejects. */
  refresh(id: string, root: Uint8Array): Promise<void>
  /** Publishes provider records for these contents. */
  provide(roots: readonly string[]): void
}

/** Provides local contents in the DHT, and counts their providers. */
export const createProviderCounts = ({
  telemetry,
  network,
  signal,
  now,
  onChange,
}: ProviderCountsDependencies): ProviderCounts => {
  const countByRoot = new Map<string, { others: number; at: number; counting: Promise<void> }>()
  const queue = new Set<string>()

  const countOthers = async (id: string, root: Uint8Array, key: string): Promise<void> => {
    await network.started
    const limit = AbortSignal.any([signal, AbortSignal.timeout(countTimeoutMs)])
    const others = await runOperation(telemetry.tracer, 'count_providers', limit, (operation) =>
      network.dht.countProviders(root, operation),
    )
    const known = countByRoot.get(key)
    if (known === undefined || known.others === others) return
    countByRoot.set(key, { ...known, others, at: now() })
    onChange(id)
  }

  /** One at a time: each is a DHT lookup. */
  const providing = createCoalescedRun(async () => {
    await network.started
    for (const text of queue) {
      queue.delete(text)
      if (signal.aborted) return
      const root = textToRoot(text)
      if (!root.ok) continue
      const provide = (operation: Operation): Promise<number> => network.dht.provide(root.value, operation)
      await runOperation(telemetry.tracer, 'provide', signal, provide).catch(() => {})
    }
  })

  return {
    count: (root, heldHere) => (countByRoot.get(toHex(root))?.others ?? 0) + (heldHere ? 1 : 0),
    refresh(id, root) {
      const key = toHex(root)
      const known = countByRoot.get(key)
      if (known !== undefined && now() - known.at <= freshMs) return known.counting
      const counting = Promise.resolve()
        .then(() => countOthers(id, root, key))
        .catch(() => {})
      countByRoot.set(key, { others: known?.others ?? 0, at: now(), counting })
      return counting
    },
    provide(roots) {
      for (const root of roots) queue.add(root)
      void providing.ask()
    },
  }
}
