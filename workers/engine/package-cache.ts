import type { CacheMemory } from '../cache/cache-memory.ts'
import { createColdTier } from '../cache/cold-tier.ts'
import { createTieredCache } from '../cache/tiered-cache.ts'
import { Failure, isFailure } from '../contract/failures.ts'
import type { LookupResult } from '../contract/views.ts'
import { headKey, type PublisherId, splitPackageId } from '../protocol/ids.ts'
import {
  type CachedPackage,
  cachedPackageCodec,
  cachedPackageToEntries,
  isCurrent,
  toCachedPackage,
} from '../registry/cached-package.ts'
import { datedSummary } from '../registry/package-views.ts'
import type { Registry } from '../registry/registry.ts'
import type { Store } from '../store/store.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Network } from './network.ts'

export interface PackageCacheDependencies {
  memory: CacheMemory<'package'>
  store: Store
  registry: Pick<Registry, 'get' | 'ingest'>
  network: Pick<Network, 'started'> & {
    readonly dht: Pick<Network['dht'], 'findHead'>
    readonly query: Pick<Network['query'], 'describe'>
    readonly peers: Pick<Network['peers'], 'connectionCount'>
    readonly sync: Pick<Network['sync'], 'syncNow'>
  }
  /** Monotonic (ms). */
  monotonic(): number
  /** Latest acceptable date of a release (ms since the epoch). */
  latest(): number
}

export interface PackageCache {
  /**
   * The result of `find` if memory has it, synchronously and without an operation; undefined when only `find` can tell.
   * Most lookups end here, so they cost no span: the cache counts them.
   */
  findInMemory(id: string): LookupResult | undefined
  /** @throws Failure `InvalidArgument` for a malformed package id, `Cancelled` when the operation is cancelled. */
  find(id: string, operation: Operation): Promise<LookupResult>
  /** Caches an own package, or one changed here, which is likely to be looked up. */
  keep(id: string): void
  /** Writes pending values to the store. */
  flush(): Promise<void>
  /** Await this before the store is closed. */
  stop(): Promise<void>
}

/**
 * Looks packages up by id: in the tiers of the cache, then in the catalogue, then in the DHT and at connected
 * peers at once.
 *
 * The catalogue decides: an answer that differs from it is replaced, also in the cache, so an older cached head never
 * hides a newer one. The registry verifies values from the store or the DHT before they are used. A missing package is
 * cached as missing only if peers could be queried. Not guaranteed: that the network has nothing newer.
 */
export const createPackageCache = (deps: PackageCacheDependencies): PackageCache => {
  const { store, registry, network, monotonic, latest } = deps
  const memory = deps.memory.of<CachedPackage>('package')

  const catalogued = (id: string): CachedPackage | undefined => {
    const found = registry.get(id)
    return found === undefined ? undefined : toCachedPackage(found)
  }

  const isCatalogued = (value: CachedPackage): boolean => {
    const found = registry.get(value.id)
    return found !== undefined && isCurrent(value, found)
  }

  const cache = createTieredCache({
    memory,
    cold: createColdTier({ store, table: 'cache', limits: memory.limits, now: memory.now }),
    codec: cachedPackageCodec,
    known: catalogued,
    async validate(id, value, operation) {
      if (value.id !== id) return false
      // Identical bytes were verified by the registry already.
      if (isCatalogued(value)) return true
      await registry.ingest(cachedPackageToEntries(value), { from: 'cache', operation })
      // A rejected or outdated value still differs from the catalogue.
      return isCatalogued(value)
    },
    async load(id, operation) {
      await network.started
      const { publisher, slug } = partsOf(id)
      const isKnown = (): boolean => registry.get(id) !== undefined
      const inDht = async (): Promise<boolean> => {
        const found = await network.dht.findHead(headKey(publisher, slug), operation)
        if (found === undefined) return false
        const { identity, head } = found.value
        await registry.ingest(
          [
            { kind: 'identity', bytes: identity.chain },
            { kind: 'head', bytes: head.bytes },
          ],
          { from: 'dht', operation },
        )
        return isKnown()
      }
      // Answers to this query include the releases, which a head only names by their hashes.
      const atPeers = network.query.describe({ publisher, slug }, operation).then(isKnown)
      if (!(await isAnyTrue([inDht(), atPeers]))) {
        operation.signal.throwIfAborted()
        if (network.peers.connectionCount() === 0) throw unreachable()
        return undefined
      }
      // Connected peers may still have what neither lookup found.
      if (catalogued(id)?.summary === undefined) network.sync.syncNow()
      return catalogued(id)
    },
  })

  const ask = async (id: string, operation: Operation): Promise<Answer> => {
    try {
      const { value, from } = await cache.get(id, { operation })
      return { value, from: sourceByTier[from] }
    } catch (error) {
      if (isFailure(error, 'PeerUnreachable')) return { value: undefined, from: 'none' }
      throw error
    }
  }

  /**
   * Corrects an answer if the catalogue has changed during the lookup or since the answer was cached. Undefined, with the
   * answer dropped from the cache, if the catalogue does not have the package: then it must be looked up again.
   */
  const corrected = (id: string, answer: Answer): Answer | undefined => {
    const found = registry.get(id)
    if (found === undefined) {
      if (answer.value === undefined) return answer
      // The registry has dropped the head since, for example because the publisher replaced a key.
      cache.invalidate(id)
      return undefined
    }
    if (answer.value !== undefined && isCurrent(answer.value, found)) return answer
    const value = toCachedPackage(found)
    cache.put(id, value)
    return { value, from: sourceByTier.known }
  }

  const lookUp = async (id: string, operation: Operation): Promise<Answer> => {
    const answer = corrected(id, await ask(id, operation))
    if (answer !== undefined) return answer
    const again = await ask(id, operation)
    return registry.get(id) === undefined ? { value: undefined, from: 'none' } : again
  }

  const toResult = ({ value, from }: Answer, started: number): LookupResult => ({
    found: value !== undefined,
    from,
    tookMs: monotonic() - started,
    ...(value?.summary === undefined ? {} : { record: datedSummary(value.summary, latest()) }),
  })

  return {
    findInMemory(id) {
      const started = monotonic()
      // A script may pass anything; `find` refuses it.
      const cached = typeof id === 'string' ? cache.getFromMemory(id) : undefined
      const answer =
        cached === undefined ? undefined : corrected(id, { value: cached.value, from: sourceByTier[cached.from] })
      return answer === undefined ? undefined : toResult(answer, started)
    },
    async find(id, operation) {
      const started = monotonic()
      partsOf(id)
      return operation.run('lookup', async (looking) => {
        const answer = await lookUp(id, looking)
        looking.span.setAttributes({ tier: answer.from, found: answer.value !== undefined })
        return toResult(answer, started)
      })
    },
    keep(id) {
      const value = catalogued(id)
      if (value !== undefined) cache.put(id, value)
    },
    flush: cache.flush,
    stop: cache.stop,
  }
}

interface Answer {
  value: CachedPackage | undefined
  from: LookupResult['from']
}

/** Sources as scripts see them; the catalogue is in memory, hence `warm`. */
const sourceByTier = { hot: 'hot', warm: 'warm', cold: 'cold', known: 'warm', loaded: 'dht', none: 'none' } as const

const partsOf = (id: string): { publisher: PublisherId; slug: string } => {
  const parts = splitPackageId(id)
  if (!parts.ok) throw new Failure('InvalidArgument', { code: 'malformed-package-id', id })
  return parts.value
}

/** Resolves to true as soon as one of them does; the others continue. */
const isAnyTrue = async (works: readonly Promise<boolean>[]): Promise<boolean> => {
  const trueOnes = works.map(async (work) => {
    if (!(await work)) throw new Error('It is not.')
  })
  return Promise.any(trueOnes).then(
    () => true,
    () => false,
  )
}

const unreachable = (): Failure => new Failure('PeerUnreachable', { code: 'no-peers-to-query' })
