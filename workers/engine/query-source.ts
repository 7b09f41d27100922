import { packageId } from '../protocol/ids.ts'
import type { QuerySource } from '../query/query-server.ts'
import { packageToEntries } from '../registry/package-entries.ts'
import type { Registry } from '../registry/registry.ts'
import type { Search } from '../search/index.ts'

/** Answers the queries of peers with this node's search results, as signed records. */
export const createQuerySource = ({
  registry,
  search,
}: {
  registry: Pick<Registry, 'get'>
  search: Pick<Search, 'query'>
}): QuerySource => {
  const entriesOf = (id: string, releases: 'shown' | 'all') => {
    const found = registry.get(id)
    return found === undefined ? [] : packageToEntries(found, releases)
  }
  return {
    search: ({ text, filters, limit }) =>
      search
        .query({ ...filters, text, limit, sort: text === '' ? 'updated' : 'relevance' })
        .hits.flatMap(({ id }) => entriesOf(id, 'shown')),
    describe: ({ publisher, slug }) => entriesOf(packageId(publisher, slug), 'all'),
  }
}
