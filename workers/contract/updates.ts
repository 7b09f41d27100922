import type { FailureReason } from './reasons.ts'
import type { CacheView, PublicationView, StatusView, TransferView } from './views.ts'

/** Events from the engine to the page. The last update of a key wins within a batch. */
export type Update =
  | { kind: 'status'; status: StatusView }
  /** The catalogue changed: query lists of packages again, and the views of these packages. */
  | { kind: 'catalogue'; revision: number; size: number; changed: ChangedPackages }
  /** Data of a package beyond its records has changed: its number of providers, or its files have arrived. */
  | { kind: 'package'; id: string }
  | { kind: 'library'; revision: number }
  | { kind: 'transfer'; transfer: TransferView }
  | { kind: 'publication'; publication: PublicationView }
  | { kind: 'cache'; cache: CacheView }
  /** The engine has ended and must be loaded again. Sent by the page's own side, never by a worker. */
  | { kind: 'engine'; name: string; reason: FailureReason }
  /** A message for the person that answers no command. */
  | { kind: 'notice'; id: string; level: 'info' | 'warning' | 'error'; name: string; reason: FailureReason }

/** Ids of packages whose views have changed, at most `maxChanged`; `many`: any view may have changed. */
export type ChangedPackages = readonly string[] | 'many'

/** More ids than this become `many`: a page shows one package, and the first sync adds thousands. */
export const maxChanged = 64

export const joinChanged = (a: ChangedPackages, b: ChangedPackages): ChangedPackages => {
  if (a === 'many' || b === 'many') return 'many'
  const ids = new Set([...a, ...b])
  return ids.size > maxChanged ? 'many' : [...ids]
}

/** Id of notices about the engine itself: a restart or an error. */
export const engineNoticeId = 'engine'

/** Updates of one tick, posted together. */
export type UpdateBatch = readonly Update[]

/** Merges a later update with the earlier one of its key, which it replaces. */
export const supersede = (earlier: Update | undefined, later: Update): Update =>
  earlier?.kind === 'catalogue' && later.kind === 'catalogue'
    ? { ...later, changed: joinChanged(earlier.changed, later.changed) }
    : later

/** Updates with the same key replace each other within a batch. */
export const updateKey = (update: Update): string => {
  switch (update.kind) {
    case 'transfer':
      return `transfer:${update.transfer.id}`
    case 'publication':
      return `publication:${update.publication.id}@${update.publication.version}`
    case 'package':
      return `package:${update.id}`
    case 'notice':
      return `notice:${update.id}`
    default:
      return update.kind
  }
}
