import { CID } from 'multiformats/cid'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type KadQuery, type QueryLimits, startKadQuery, toAttributes } from './kad-query.ts'
import type { Contact } from './kad-rpc.ts'
import { createMeasuredRequest, type MeasuredRequestDependencies } from './measured-request.ts'

/** Timeout of announcing this node as a provider (ms). */
const provideTimeoutMs = 5_000

/** Limit on the providers of one search: no caller asks more, and a dishonest peer can invent any number. */
const maxFound = 256

/** A search continues until it has asked the closest 10 peers or its caller has enough. */
const findLimits: QueryLimits = { width: 10, parallel: 4, dials: 3, inFlight: 20, dialBudget: 16 }
const provideLimits: QueryLimits = { width: 20, parallel: 8, dials: 3, inFlight: 24, dialBudget: 24 }

export interface ProvidersDependencies extends MeasuredRequestDependencies {
  telemetry: Pick<Telemetry, 'logger'>
  /** Higher is asked sooner; undefined is never asked and never returned. */
  rank?(peer: string): number | undefined
}

export interface Providers {
  /** Registers this node as a provider of `root` at the closest peers; resolves within 5 s with their number. */
  provide(root: string, operation: Operation): Promise<number>
  /**
   * Providers of `root`, each once and at most 256: locally stored ones first, then others as answers arrive. Ends with
   * the query or the operation; never throws.
   */
  find(root: string, operation: Operation): AsyncGenerator<string>
}

/** Provider records of content roots (CIDs as text) in the DHT. Only a request shows whether a provider has the content. */
export const createProviders = (deps: ProvidersDependencies): Providers => {
  const { rpc, roundTrips, now, rank = () => 0 } = deps
  const measuredRequest = createMeasuredRequest(deps)
  const log = deps.telemetry.logger('dht')
  const common = {
    self: rpc.self,
    isConnected: rpc.isConnected,
    rank,
    slowMs: roundTrips.slowMs,
    lostMs: roundTrips.lostMs,
    now,
  }

  const provide = async (root: string, operation: Operation): Promise<number> => {
    const key = CID.parse(root).multihash.bytes
    const limited = operation.withTimeout(provideTimeoutMs)
    await rpc.own.addProvider(key)
    const { done } = startKadQuery<Contact>({
      ...common,
      seeds: await rpc.seeds(key),
      limits: provideLimits,
      operation: limited,
      ask: async (peer, request) =>
        (await measuredRequest(peer, request, () => rpc.findNode(peer, key, request)))?.closer,
    })
    const { closest, ...counts } = await done
    const sent = await Promise.all(closest.map((peer) => rpc.addProvider(peer, key, limited)))
    const acknowledgements = sent.filter(Boolean).length
    operation.span.setAttributes({ acknowledgements, ...toAttributes(counts) })
    return acknowledgements
  }

  return {
    provide: (root, operation) =>
      operation.run('dht_query', (providing) => provide(root, providing), { purpose: 'provide', root }),

    async *find(root, operation) {
      const key = CID.parse(root).multihash.bytes
      const lookup = operation.start('dht_query', { purpose: 'find_providers', root })
      let query: KadQuery<Contact> | undefined
      let isOver = false
      const seen = new Set<string>()
      const found: string[] = []
      let wake = Promise.withResolvers<void>()
      const add = (peers: readonly string[]): void => {
        for (const peer of peers) {
          if (seen.size >= maxFound) break
          if (seen.has(peer) || rank(peer) === undefined) continue
          seen.add(peer)
          found.push(peer)
        }
        wake.resolve()
      }
      /** Also when the caller leaves the loop early, or its operation ends, maybe before it takes the next provider. */
      const end = (): void => {
        isOver = true
        lookup.signal.removeEventListener('abort', end)
        query?.finish()
        lookup.span.setAttributes({ found: seen.size, ...(query === undefined ? {} : toAttributes(query.counts())) })
        lookup.span.end()
      }
      lookup.signal.addEventListener('abort', end, { once: true })
      const run = async (): Promise<void> => {
        try {
          add(await rpc.own.getProviders(key))
          const seeds = await rpc.seeds(key)
          if (isOver) return
          query = startKadQuery<Contact>({
            ...common,
            seeds,
            limits: findLimits,
            operation: lookup,
            async ask(peer, request) {
              const answer = await measuredRequest(peer, request, () => rpc.getProviders(peer, key, request))
              if (answer !== undefined) add(answer.providers)
              return answer?.closer
            },
          })
          await query.done
        } catch {
          // A failing datastore ends the search without an error.
        } finally {
          isOver = true
          wake.resolve()
        }
      }
      void run()
      try {
        for (;;) {
          for (let peer = found.shift(); peer !== undefined; peer = found.shift()) yield peer
          if (isOver) return
          await wake.promise
          wake = Promise.withResolvers()
        }
      } finally {
        end()
        log.debug('provider search ended', { root, found: seen.size })
      }
    },
  }
}
