import type { PackageSummary } from '../contract/views.ts'

/** A package as it is indexed for search. */
export interface SearchDocument extends PackageSummary {
  keywords: string[]
}
