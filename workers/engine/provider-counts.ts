import { textToRoot, toHex } from '../protocol/ids.ts'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import type { Network } from './network.ts'

/** A count of holders is asked for again after this long, ms. */
const freshMs = 60_000

/** Looking for holders ends after this long, ms; who was found by then counts. */
const countTimeoutMs = 5_000

export interface ProviderCountsDependencies {
  network: Pick<Network, 'started'> & { readonly dht: Pick<Network['dht'], 'provide' | 'countProviders'> }
  signal: AbortSignal
  /** Monotonic (ms). */
  now(): number
  /** The count that was asked for with this id has changed. */
  onChange(id: string): void
}

export interface ProviderCounts {
  /**
   * How many distinct peers are known to provide the content of a package, this one included; asks again in the
   * background.
   */
  count(id: string, root: Uint8Array, heldHere: boolean): number
  /** Tells the DHT that these contents are held here. */
  provide(roots: readonly string[]): void
}

/** Who holds what: tells the DHT what is held here, and counts who else says so. */
export const createProviderCounts = ({
  network,
  signal,
  now,
  onChange,
}: ProviderCountsDependencies): ProviderCounts => {
  const countByRoot = new Map<string, { others: number; at: number }>()
  const queue = new Set<string>()

  const refresh = async (id: string, root: Uint8Array, key: string): Promise<void> => {
    await network.started
    const others = await network.dht.countProviders(
      root,
      AbortSignal.any([signal, AbortSignal.timeout(countTimeoutMs)]),
    )
    const before = countByRoot.get(key)?.others
    countByRoot.set(key, { others, at: now() })
    if (others !== before) onChange(id)
  }

  /** One after the other: each is a walk through the DHT. */
  const providing = createCoalescedRun(async () => {
    await network.started
    for (const text of queue) {
      queue.delete(text)
      if (signal.aborted) return
      const root = textToRoot(text)
      if (root.ok) await network.dht.provide(root.value, signal).catch(() => {})
    }
  })

  return {
    count(id, root, heldHere) {
      const key = toHex(root)
      const known = countByRoot.get(key)
      if (known === undefined || now() - known.at > freshMs) {
        countByRoot.set(key, { others: known?.others ?? 0, at: now() })
        void refresh(id, root, key)
      }
      return (known?.others ?? 0) + (heldHere ? 1 : 0)
    },
    provide(roots) {
      for (const root of roots) queue.add(root)
      void providing.ask()
    },
  }
}
