import { textToRoot, toHex } from '../protocol/ids.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Network } from './network.ts'

/** A count this old or younger is not asked for again (ms). */
const freshMs = 60_000

/** Looking for holders ends after this long, ms; who was found by then counts. */
const countTimeoutMs = 5_000

export interface ProviderCountsDependencies {
  telemetry: Pick<Telemetry, 'tracer'>
  network: Pick<Network, 'started'> & { readonly dht: Pick<Network['dht'], 'provide' | 'countProviders'> }
  signal: AbortSignal
  /** Monotonic (ms). */
  now(): number
  /** The count that was asked for with this id has changed. */
  onChange(id: string): void
}

export interface ProviderCounts {
  /** How many distinct peers are known to provide this content, this one included. */
  count(root: Uint8Array, heldHere: boolean): number
  /** Counts the providers of the content of a package, unless that was done lately; never rejects. */
  refresh(id: string, root: Uint8Array): Promise<void>
  /** Tells the DHT that these contents are held here. */
  provide(roots: readonly string[]): void
}

/** Who holds what: tells the DHT what is held here, and counts who else says so. */
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
    const others = await runOperation(telemetry.tracer, 'count providers', limit, (operation) =>
      network.dht.countProviders(root, operation),
    )
    const known = countByRoot.get(key)
    if (known === undefined || known.others === others) return
    countByRoot.set(key, { ...known, others, at: now() })
    onChange(id)
  }

  /** One after the other: each is a walk through the DHT. */
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
