import type { Sha256 } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { fromHex, toHex } from '../protocol/ids.ts'
import { SYNC_PREFIX_BYTES } from '../protocol/limits.ts'
import { createYieldToEventLoop } from '../stack/event-loop.ts'
import { createLruMap } from '../stack/lru-map.ts'
import type { Operation } from '../telemetry/operation.ts'
import { createIdIndex, type IdIndex } from './id-index.ts'

/** The catalogue as sync needs it. */
export interface SyncCatalogue {
  /** Tells of every id (hex) at once, then of each that comes or goes; what is returned ends it. */
  watchIds(watcher: (id: string, isThere: boolean) => void): () => void
  entries(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** Verifies and takes in. */
  ingest(entries: readonly Entry[], from: string, operation: Operation): Promise<Ingested>
}

/** What entries came to: how many were new, and how many were not taken in. */
export interface Ingested {
  readonly accepted: number
  /** Invalid by what their bytes hold. */
  readonly rejected: number
  /** Of the rejected, those that only a forger sends. */
  readonly forged: number
  /** Not to be judged here: of a later version, or without what it takes to check them. */
  readonly unproven: number
  /** Ids of the unproven ones that only a later version of this program can judge. */
  readonly unsupported: readonly Uint8Array[]
}

/** The catalogue with its ids in order. One serves all exchanges. */
export interface Replica extends Pick<SyncCatalogue, 'entries' | 'ingest'> {
  readonly index: IdIndex
  readonly sha256: Sha256
  /** Tells whether an id with this beginning (`SYNC_PREFIX_BYTES`) belongs to an entry that could not be used here. */
  isUseless(start: Uint8Array): boolean
  /** Brings the index up to what was told until now, in slices. */
  settle(): Promise<void>
  stop(): void
}

/** Entries of later versions that are remembered in order not to ask for them again, at about 100 bytes each. */
const maxUseless = 16_384

export const createReplica = (catalogue: SyncCatalogue, { sha256 }: { sha256: Sha256 }): Replica => {
  const index = createIdIndex()
  /** What was told and is not in the index yet: only the last word on an id counts. */
  let pending = new Map<string, boolean>()
  const stop = catalogue.watchIds((id, isThere) => void pending.set(id, isThere))
  const useless = createLruMap<true>(maxUseless)
  let settling: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    const pace = createYieldToEventLoop()
    while (pending.size > 0) {
      const told = pending
      pending = new Map()
      for (const [hex, isThere] of told) {
        const id = fromHex(hex)
        if (!id.ok) continue
        if (isThere) index.add(id.value)
        else index.remove(id.value)
        await pace()
      }
    }
  }

  return {
    index,
    sha256,
    entries: (ids) => catalogue.entries(ids),
    async ingest(entries, from, operation) {
      const outcome = await catalogue.ingest(entries, from, operation)
      for (const id of outcome.unsupported) useless.set(toHex(id.subarray(0, SYNC_PREFIX_BYTES)), true)
      return outcome
    },
    isUseless: (start) => useless.size() > 0 && useless.peek(toHex(start)) === true,
    async settle() {
      settling ??= drain().finally(() => {
        settling = undefined
      })
      await settling
    },
    stop,
  }
}
