import { raceSignal } from 'race-signal'
import { packageId, parseSpec, type Spec } from '../protocol/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Network } from './network.ts'

/** Packages requested at once: a person names one or a few, and a lockfile gives package ids. */
const maxAsked = 16

export interface AskPeersForPackagesDependencies {
  catalogue: Pick<Registry, 'get' | 'bySlug'>
  network: Pick<Network, 'started' | 'query'> & { readonly sync: Pick<Network['sync'], 'isComplete'> }
}

/**
 * Asks connected peers for the packages missing from the catalogue, unless the catalogue is complete. When this
 * resolves, their answers are in the catalogue. With nothing missing it sends no query and does not wait for the
 * network. Rejects only when the operation is cancelled.
 */
export type AskPeersForPackages = (specs: readonly string[], operation: Operation) => Promise<void>

export const createAskPeersForPackages =
  ({ catalogue, network }: AskPeersForPackagesDependencies): AskPeersForPackages =>
  async (specs, operation) => {
    const isUnknown = ({ publisher, slug }: Spec): boolean =>
      publisher === undefined
        ? catalogue.bySlug(slug).length === 0
        : catalogue.get(packageId(publisher, slug)) === undefined
    const unknown = specs.flatMap((text) => {
      const spec = parseSpec(text)
      return spec.ok && isUnknown(spec.value) ? [spec.value] : []
    })
    if (unknown.length === 0) return
    await raceSignal(network.started, operation.signal)
    if (network.sync.isComplete()) return
    const queries = unknown
      .slice(0, maxAsked)
      .map(({ publisher, slug }) =>
        publisher === undefined
          ? network.query.search({ text: slug, filters: {} }, operation)
          : network.query.describe({ publisher, slug }, operation),
      )
    // A failed query counts as an empty answer.
    await Promise.allSettled(queries)
    operation.signal.throwIfAborted()
  }
