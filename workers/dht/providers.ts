import { CID } from 'multiformats/cid'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Contact } from './kad-rpc.ts'
import { type QueryLimits, startQuery } from './query.ts'
import { createTimedRequest, type TimedRequestDependencies } from './timed-request.ts'

/** Telling the closest peers that we hold a root is given up after this long, ms. */
const provideTimeoutMs = 5_000

/** Holders that one search names at most: nobody asks more, and a liar may make up any number. */
const maxFound = 256

/** A search goes on for more holders until the closest 10 were asked, or its caller has enough. */
const findLimits: QueryLimits = { width: 10, parallel: 4, dials: 3, inFlight: 20, dialBudget: 16 }
const provideLimits: QueryLimits = { width: 20, parallel: 8, dials: 3, inFlight: 24, dialBudget: 24 }

export interface ProvidersDependencies extends TimedRequestDependencies {
  telemetry: Pick<Telemetry, 'logger'>
  /** Higher is asked sooner; undefined is never asked, and never named. */
  rank?(peer: string): number | undefined
}

export interface Providers {
  /** Tells the peers closest to `root` that this one holds it; resolves within 5 s with how many were told. */
  provide(root: string, operation: Operation): Promise<number>
  /**
   * Peers that said they hold `root`, each once: those known here and of the first answers at once, the others as they
   * are found; 256 at most. Ends with the query or the operation; never throws.
   */
  find(root: string, operation: Operation): AsyncGenerator<string>
}

/** Provider records of content roots (CIDs as text) in the DHT. Whether a peer does hold a root is seen by asking it. */
export const createProviders = (deps: ProvidersDependencies): Providers => {
  const { wire, roundTrips, rank = () => 0 } = deps
  const asking = createTimedRequest(deps)
  const log = deps.telemetry.logger('dht')
  const common = {
    self: wire.self,
    isConnected: wire.isConnected,
    rank,
    slowMs: roundTrips.slowMs,
    lostMs: roundTrips.lostMs,
  }

  return {
    async provide(root, operation) {
      const key = CID.parse(root).multihash.bytes
      const limited = operation.withTimeout(provideTimeoutMs)
      await wire.own.addProvider(key)
      const { done } = startQuery<Contact>({
        ...common,
        seeds: await wire.seeds(key),
        limits: provideLimits,
        operation: limited,
        ask: async (peer, asked) => (await asking(peer, asked, () => wire.findNode(peer, key, asked)))?.closer,
      })
      const { closest } = await done
      const told = await Promise.all(closest.map((peer) => wire.addProvider(peer, key, limited)))
      return told.filter(Boolean).length
    },

    async *find(root, operation) {
      const key = CID.parse(root).multihash.bytes
      const lookup = operation.start('dht.providers', { root })
      // Ends the walk when the caller leaves the loop early.
      const left = new AbortController()
      const seen = new Set<string>()
      const found: string[] = []
      let wake = Promise.withResolvers<void>()
      let over = false
      const add = (peers: readonly string[]): void => {
        for (const peer of peers) {
          if (seen.size >= maxFound) break
          if (seen.has(peer) || rank(peer) === undefined) continue
          seen.add(peer)
          found.push(peer)
        }
        wake.resolve()
      }
      const run = async (): Promise<void> => {
        try {
          add(await wire.own.getProviders(key))
          const query = startQuery<Contact>({
            ...common,
            seeds: await wire.seeds(key),
            limits: findLimits,
            operation: lookup.withSignal(left.signal),
            async ask(peer, asked) {
              const answer = await asking(peer, asked, () => wire.getProviders(peer, key, asked))
              if (answer !== undefined) add(answer.providers)
              return answer?.closer
            },
          })
          await query.done
        } catch {
          // A datastore that fails is one source less.
        } finally {
          over = true
          wake.resolve()
        }
      }
      void run()
      try {
        for (;;) {
          for (let peer = found.shift(); peer !== undefined; peer = found.shift()) yield peer
          if (over) return
          await wake.promise
          wake = Promise.withResolvers()
        }
      } finally {
        left.abort()
        lookup.span.setAttributes({ found: seen.size })
        lookup.span.end()
        log.debug('provider search ended', { root, found: seen.size })
      }
    },
  }
}
