import type { PackageSummary } from '../contract/views.ts'

/** What search knows of a package. */
export interface SearchDocument extends PackageSummary {
  keywords: string[]
}
