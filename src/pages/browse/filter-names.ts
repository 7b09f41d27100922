import type { PackageSummary } from '../../../workers/contract/views.ts'
import { publisherTag } from '../../lib/names.ts'
import type { State } from '../../store/state.ts'

/** Label of a publisher: its name if one of its packages is among the hits, else its shortened id. */
export const publisherLabel = (id: string, hits: Iterable<PackageSummary>): string => {
  for (const { publisher, publisherName } of hits) if (publisher === id) return publisherTag(publisherName, id)
  return `~${id.slice(0, 8)}`
}

export const loadedHits = (pages: State['search']['pages']): PackageSummary[] => Object.values(pages).flat()
