import type { PackageSummary } from '../../../workers/contract/views.ts'
import { publisherTag } from '../../lib/names.ts'
import type { State } from '../../store/state.ts'

/** A publisher's id as a person reads it; its own name is known when one of its packages is at hand. */
export const publisherLabel = (id: string, hits: Iterable<PackageSummary>): string => {
  for (const { publisher, publisherName } of hits) if (publisher === id) return publisherTag(publisherName, id)
  return `~${id.slice(0, 8)}`
}

export const loadedHits = (pages: State['search']['pages']): PackageSummary[] => Object.values(pages).flat()
