import type { PackageId } from '../protocol/ids.ts'
import { CLOCK_TOLERANCE_MS, UNKNOWN_TIME } from '../protocol/presentable.ts'
import { packageToDocument, shownVersion } from '../registry/package-views.ts'
import type { Registry } from '../registry/registry.ts'
import type { Search } from '../search/index.ts'

/**
 * Keeps the search index as the catalogue is. A release that claims a time which has not come is listed without a time,
 * after all others, until that time has come; then it stands where it claims to, which is not the top for long.
 */
export interface Indexing {
  /** These packages came, changed or went. */
  update(packages: readonly PackageId[]): void
  /** The present is another one than was thought. True when something is listed otherwise now. */
  clockChanged(): boolean
}

export interface IndexingDependencies {
  registry: Pick<Registry, 'get' | 'all'>
  search: Pick<Search, 'put' | 'remove'>
  /** The present (ms since the epoch). */
  latest(): number
}

export const createIndexing = ({ registry, search, latest }: IndexingDependencies): Indexing => {
  /** Packages that are listed without a time, and what they claim. */
  const claims = new Map<PackageId, number>()
  /** When the first of them may have one. */
  let nextAt = Number.POSITIVE_INFINITY
  /** The latest time that one is listed with. */
  let listedUntil = UNKNOWN_TIME

  /** One that cannot be indexed, whatever its records hold, is not listed; the others are. */
  const index = (id: PackageId, present: number): void => {
    try {
      put(id, present)
    } catch {
      search.remove(id)
    }
  }

  const put = (id: PackageId, present: number): void => {
    const found = registry.get(id)
    const document = found === undefined ? undefined : packageToDocument(found, present)
    claims.delete(id)
    if (found === undefined || document === undefined) {
      search.remove(id)
      return
    }
    search.put(document)
    listedUntil = Math.max(listedUntil, document.publishedAt)
    const claimed = shownVersion(found)?.release?.release.publishedAt ?? UNKNOWN_TIME
    if (document.publishedAt !== UNKNOWN_TIME || claimed <= present) return
    claims.set(id, claimed)
    nextAt = Math.min(nextAt, claimed - CLOCK_TOLERANCE_MS)
  }

  /** Looks through them only when the time of one has come: there may be many, and none may ever have one. */
  const indexDue = (present: number): boolean => {
    if (present < nextAt) return false
    const due = [...claims].filter(([, claimed]) => claimed - CLOCK_TOLERANCE_MS <= present)
    nextAt = Number.POSITIVE_INFINITY
    for (const [id] of due) index(id, present)
    for (const claimed of claims.values()) nextAt = Math.min(nextAt, claimed - CLOCK_TOLERANCE_MS)
    return due.length > 0
  }

  /** After a clock that was ahead is put right, what was taken for past may be yet to come. */
  const indexEarly = (present: number): boolean => {
    if (listedUntil <= present + CLOCK_TOLERANCE_MS) return false
    listedUntil = UNKNOWN_TIME
    for (const { id } of registry.all()) index(id, present)
    return true
  }

  const look = (present: number): boolean => indexEarly(present) || indexDue(present)

  return {
    update(packages) {
      const present = latest()
      for (const id of packages) index(id, present)
      look(present)
    },
    clockChanged: () => look(latest()),
  }
}
