import { raceSignal } from 'race-signal'
import { packageId, parseSpec, type Spec } from '../protocol/ids.ts'
import type { Registry } from '../registry/registry.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Network } from './network.ts'

/** Packages that are asked for at once: a person names one or a few, a lockfile's are known by their ids. */
const maxAsked = 16

export interface AskPeersForPackagesDependencies {
  catalogue: Pick<Registry, 'get' | 'bySlug'>
  network: Pick<Network, 'started' | 'query'> & { readonly sync: Pick<Network['sync'], 'isComplete'> }
}

/**
 * Asks connected peers for those of these packages that the catalogue does not know, unless it is complete; what they
 * know is in it when this resolves. Where all are known, nobody is asked, and no network is waited for.
 * Rejects only when the operation is cancelled.
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
    const asked = unknown
      .slice(0, maxAsked)
      .map(({ publisher, slug }) =>
        publisher === undefined
          ? network.query.search({ text: slug, filters: {} }, operation)
          : network.query.describe({ publisher, slug }, operation),
      )
    // Whoever failed to answer knew nothing, as far as this is concerned.
    await Promise.allSettled(asked)
    operation.signal.throwIfAborted()
  }
