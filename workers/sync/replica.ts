import type { Sha256 } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { fromHex, toHex } from '../protocol/ids.ts'
import { SYNC_PREFIX_BYTES } from '../protocol/limits.ts'
import { createYieldToEventLoop } from '../stack/event-loop.ts'
import { createLruMap } from '../stack/lru-map.ts'
import type { Operation } from '../telemetry/operation.ts'
import { createIdIndex, type IdIndex } from './id-index.ts'

/** The part of the catalogue that sync uses. */
export interface SyncCatalogue {
  /** Reports every id (hex) at once, then each addition and removal. Returns a function that stops it. */
  watchIds(watcher: (id: string, isThere: boolean) => void): () => void
  entries(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** Verifies and stores entries. */
  ingest(entries: readonly Entry[], from: string, operation: Operation): Promise<Ingested>
}

/** Result of an ingest: the numbers of new and of rejected entries. */
export interface Ingested {
  readonly accepted: number
  /** Entries whose bytes are invalid. */
  readonly rejected: number
  /** Of the rejected, the forged ones. */
  readonly forged: number
  /** Entries that cannot be verified: of a later version, or without their dependencies. */
  readonly unproven: number
  /** Ids of the unproven entries that need a later version of this program. */
  readonly unsupported: readonly Uint8Array[]
}

/** The catalogue with an ordered index of its ids, shared by all exchanges. */
export interface Replica extends Pick<SyncCatalogue, 'entries' | 'ingest'> {
  readonly index: IdIndex
  readonly sha256: Sha256
  /** Whether an id with this prefix (`SYNC_PREFIX_BYTES`) belongs to an entry that this version cannot use. */
  isUseless(start: Uint8Array): boolean
  /** Applies all reported changes to the index, in slices. */
  settle(): Promise<void>
  stop(): void
}

/** Entries of later versions that are remembered so as not to request them again, at about 100 bytes each. */
const maxUseless = 16_384

export const createReplica = (catalogue: SyncCatalogue, { sha256 }: { sha256: Sha256 }): Replica => {
  const index = createIdIndex()
  /** Changes not yet in the index; only the last one of an id counts. */
  let pending = new Map<string, boolean>()
  const stop = catalogue.watchIds((id, isThere) => void pending.set(id, isThere))
  const useless = createLruMap<true>(maxUseless)
  let settling: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    const yieldIfDue = createYieldToEventLoop()
    while (pending.size > 0) {
      const changes = pending
      pending = new Map()
      for (const [hex, isThere] of changes) {
        const id = fromHex(hex)
        if (!id.ok) continue
        if (isThere) index.add(id.value)
        else index.remove(id.value)
        await yieldIfDue()
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
