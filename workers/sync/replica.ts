import type { Sha256 } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { fromHex } from '../protocol/ids.ts'
import { createIdIndex, type IdIndex } from './id-index.ts'
import { createPace } from './pace.ts'

/** The catalogue as sync needs it. */
export interface SyncCatalogue {
  /** Tells of every id (hex) at once, then of each that comes or goes; what is returned ends it. */
  watchIds(watcher: (id: string, isThere: boolean) => void): () => void
  entries(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** Verifies and takes in; tells how many were new and how many were refused as invalid. */
  ingest(entries: readonly Entry[], from: string): Promise<{ accepted: number; rejected: number }>
}

/** The catalogue with its ids in order. One serves all exchanges. */
export interface Replica extends Pick<SyncCatalogue, 'entries' | 'ingest'> {
  readonly index: IdIndex
  readonly sha256: Sha256
  /** Brings the index up to what was told until now, in slices. */
  settle(): Promise<void>
  stop(): void
}

export const createReplica = (catalogue: SyncCatalogue, { sha256 }: { sha256: Sha256 }): Replica => {
  const index = createIdIndex()
  /** What was told and is not in the index yet: only the last word on an id counts. */
  let pending = new Map<string, boolean>()
  const stop = catalogue.watchIds((id, isThere) => void pending.set(id, isThere))
  let settling: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    const pace = createPace()
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
    ingest: (entries, from) => catalogue.ingest(entries, from),
    async settle() {
      settling ??= drain().finally(() => {
        settling = undefined
      })
      await settling
    },
    stop,
  }
}
