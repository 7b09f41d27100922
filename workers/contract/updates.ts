import type { FailureReason } from './reasons.ts'
import type { CacheView, PublicationView, StatusView, TransferView } from './views.ts'

/** What the engine tells the page without being asked. The last update of a key wins within a batch. */
export type Update =
  | { kind: 'status'; status: StatusView }
  /** The catalogue changed: lists over it should be asked for again, and the views of these packages. */
  | { kind: 'catalogue'; revision: number; size: number; changed: ChangedPackages }
  /** What is known of one package beyond its records has changed: who holds it, or its files are here now. */
  | { kind: 'package'; id: string }
  | { kind: 'library'; revision: number }
  | { kind: 'transfer'; transfer: TransferView }
  | { kind: 'publication'; publication: PublicationView }
  | { kind: 'cache'; cache: CacheView }
  /** The engine has ended for good: it has to be loaded again. Said by the page's own side, never by a worker. */
  | { kind: 'engine'; name: string; reason: FailureReason }
  /** Something that the person should know and did not ask about. */
  | { kind: 'notice'; id: string; level: 'info' | 'warning' | 'error'; name: string; reason: FailureReason }

/** Ids of packages whose views have changed, at most `maxChanged`; `many`: any view may have. */
export type ChangedPackages = readonly string[] | 'many'

/** More ids than this are named `many`: a page shows one package, and a first catalogue brings thousands. */
export const maxChanged = 64

export const joinChanged = (a: ChangedPackages, b: ChangedPackages): ChangedPackages => {
  if (a === 'many' || b === 'many') return 'many'
  const ids = new Set([...a, ...b])
  return ids.size > maxChanged ? 'many' : [...ids]
}

/** The notice about the engine itself: that it was started again, or met an error. */
export const engineNoticeId = 'engine'

/** Updates of one tick, posted together. */
export type UpdateBatch = readonly Update[]

/** A later update in the place of an earlier one with its key: it says also what only the earlier one said. */
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
