import { type ChangedPackages, engineNoticeId, type UpdateBatch } from '../../workers/contract/updates.ts'
import type { PackageView, TransferState, TransferView } from '../../workers/contract/views.ts'
import { specLabel } from '../lib/names.ts'
import { formatList } from '../text/format.ts'
import { noticeText } from '../text/notices.ts'
import { sayFailure } from '../text/reasons.ts'
import type { Notice, Requested, State } from './state.ts'

/**
 * Reducer of engine updates. Pure: one new state per batch, or the same object when nothing changed.
 *
 * A transfer that ends adds a notice, even if an earlier visit or a script started it.
 */
export const applyUpdates = (state: State, batch: UpdateBatch): State => {
  let next = state
  for (const update of batch) {
    switch (update.kind) {
      case 'status':
        next = { ...next, status: update.status, catalogue: sized(next.catalogue, update.status.catalogueSize) }
        break
      case 'catalogue':
        next = withStale(
          { ...next, catalogue: { revision: update.revision, size: update.size } },
          concerns(update.changed),
        )
        break
      case 'library':
        // Every view shows whether its package is installed.
        next = withStale({ ...next, libraryRevision: update.revision }, () => true)
        break
      case 'package':
        next = withStale(next, (id) => id === update.id)
        break
      case 'cache':
        next = { ...next, cache: update.cache }
        break
      case 'transfer':
        next = withTransfer(next, update.transfer)
        break
      case 'publication': {
        const { id, version } = update.publication
        const publicationByKey = { ...next.publicationByKey, [`${id}@${version}`]: update.publication }
        next = { ...next, publicationByKey }
        break
      }
      case 'engine':
        next = {
          ...next,
          engine: { phase: 'failed', failure: { name: update.name, reason: update.reason } },
          // Notices about its restarts no longer apply.
          notices: next.notices.filter(({ id }) => id !== engineNoticeId),
        }
        break
      case 'notice':
        next = withNotice(next, {
          id: update.id,
          level: update.level,
          message: sayFailure(update),
          ...(update.reason.code === 'objective-breached' ? { page: 'network' } : {}),
        })
        break
    }
  }
  return next
}

/** An ended transfer stays ended: later updates of it are dropped. */
export const withTransfer = (state: State, transfer: TransferView): State => {
  const before = state.transferById[transfer.id]
  if (before !== undefined && hasEnded(before.state)) return state
  const next = { ...state, transferById: { ...state.transferById, [transfer.id]: transfer } }
  const notice = noticeOfEnd(transfer)
  return notice === undefined ? next : withNotice(next, notice)
}

export const withoutTransfer = (state: State, id: string): State => {
  const { [id]: _dismissed, ...transferById } = state.transferById
  return { ...state, transferById }
}

/** Marks package views as stale, to be fetched again when shown. */
const withStale = (state: State, isConcerned: (id: string, requested: Requested<PackageView>) => boolean): State => {
  const views = Object.entries(state.packageById)
  const stale = views.filter(([id, requested]) => !requested.stale && isConcerned(id, requested))
  if (stale.length === 0) return state
  const marked = Object.fromEntries(stale.map(([id, requested]) => [id, { ...requested, stale: true as const }]))
  return { ...state, packageById: { ...state.packageById, ...marked } }
}

/** Also matches dependents: a package that drops its dependency reports only its own id as changed. */
const concerns = (changed: ChangedPackages) => {
  if (changed === 'many') return () => true
  const ids = new Set(changed)
  return (id: string, { value }: Requested<PackageView>): boolean =>
    ids.has(id) || (value?.dependents.some((dependent) => ids.has(dependent.id)) ?? false)
}

/** Appends a notice, replaces one with the same id, and drops the oldest over the limit. */
export const withNotice = (state: State, notice: Notice): State => ({
  ...state,
  notices: [...state.notices.filter(({ id }) => id !== notice.id), notice].slice(-MAX_NOTICES),
})

export const hasEnded = (state: TransferState): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled'

/** More notices would cover the page. */
const MAX_NOTICES = 4

const sized = (catalogue: State['catalogue'], size: number): State['catalogue'] =>
  catalogue.size === size ? catalogue : { ...catalogue, size }

const noticeOfEnd = ({ id, specs, state, failure }: TransferView): Notice | undefined => {
  const packages = formatList(specs.map(specLabel))
  if (state === 'done') return { id: `transfer:${id}`, level: 'success', message: noticeText.installed({ packages }) }
  if (state !== 'failed') return undefined
  const message =
    failure === undefined
      ? noticeText.notInstalled({ packages })
      : noticeText.notInstalledBecause({ packages, reason: sayFailure(failure) })
  return { id: `transfer:${id}`, level: 'error', message }
}
