import type { PackageId } from '../protocol/ids.ts'
import { CLOCK_TOLERANCE_MS, UNKNOWN_TIME } from '../protocol/presentable.ts'
import { packageToDocument, shownVersion } from '../registry/package-views.ts'
import type { Registry } from '../registry/registry.ts'
import type { Search } from '../search/index.ts'

/**
 * Keeps the search index equal to the catalogue. A release dated in the future is listed without a time, after all
 * others, until that time has come; then it has its claimed place, where newer releases soon pass it.
 */
export interface Indexing {
  /** Indexes packages that were added, changed or removed. */
  update(packages: readonly PackageId[]): void
  /** Indexes again after a correction of the clock. True when a listing has changed. */
  clockChanged(): boolean
}

export interface IndexingDependencies {
  registry: Pick<Registry, 'get' | 'all'>
  search: Pick<Search, 'put' | 'remove'>
  /** The present (ms since the epoch). */
  latest(): number
}

export const createIndexing = ({ registry, search, latest }: IndexingDependencies): Indexing => {
  /** Claimed times of the packages listed without a time. */
  const claims = new Map<PackageId, number>()
  /** When the first of these claims becomes acceptable. */
  let nextAt = Number.POSITIVE_INFINITY
  /** The latest listed time. */
  let listedUntil = UNKNOWN_TIME

  /** A package that cannot be indexed is not listed, and does not affect the others. */
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

  /** Scans the claims only when one is due: there may be many, and all of them far in the future. */
  const indexDue = (present: number): boolean => {
    if (present < nextAt) return false
    const due = [...claims].filter(([, claimed]) => claimed - CLOCK_TOLERANCE_MS <= present)
    nextAt = Number.POSITIVE_INFINITY
    for (const [id] of due) index(id, present)
    for (const claimed of claims.values()) nextAt = Math.min(nextAt, claimed - CLOCK_TOLERANCE_MS)
    return due.length > 0
  }

  /** After the correction of a fast clock, listed times may be in the future. */
  const indexEarly = (present: number): boolean => {
    if (listedUntil <= present + CLOCK_TOLERANCE_MS) return false
    listedUntil = UNKNOWN_TIME
    for (const { id } of registry.all()) index(id, present)
    return true
  }

  const check = (present: number): boolean => indexEarly(present) || indexDue(present)

  return {
    update(packages) {
      const present = latest()
      for (const id of packages) index(id, present)
      check(present)
    },
    clockChanged: () => check(latest()),
  }
}
