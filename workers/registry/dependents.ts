import type { Catalogue, CataloguePackage } from './catalogue.ts'

/** Index of dependents by the latest releases. Built on demand, at most once per catalogue change. */
export interface Dependents {
  of(id: string): readonly CataloguePackage[]
  invalidate(): void
}

export const createDependents = (catalogue: Pick<Catalogue, 'all' | 'get'>): Dependents => {
  let byName: Map<string, { dependent: CataloguePackage; id: string | undefined }[]> | undefined

  const build = (): NonNullable<typeof byName> => {
    const index: NonNullable<typeof byName> = new Map()
    for (const dependent of catalogue.all()) {
      for (const { name, id, kind } of dependent.latest?.release?.release.dependencies ?? []) {
        if (kind !== 'package' && kind !== 'unknown') continue
        const list = index.get(name) ?? []
        index.set(name, list)
        list.push({ dependent, id })
      }
    }
    return index
  }

  return {
    of(id) {
      const target = catalogue.get(id)
      if (target === undefined) return []
      byName ??= build()
      const found = (byName.get(target.slug) ?? []).filter((each) => each.id === undefined || each.id === id)
      return [...new Set(found.map(({ dependent }) => dependent))]
    },
    invalidate() {
      byName = undefined
    },
  }
}
