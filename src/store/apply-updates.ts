import { engineNoticeId, type UpdateBatch } from '../../workers/contract/updates.ts'
import type { TransferState, TransferView } from '../../workers/contract/views.ts'
import { inWords, specLabel } from '../lib/format.ts'
import { sayFailure } from '../text/reasons.ts'
import type { Notice, State } from './state.ts'

/**
 * What the engine said, put into the state: pure, one new state a batch, the same state when nothing changed.
 *
 * A transfer that ends adds a notice, also when it was begun by an earlier visit or by a script.
 */
export const applyUpdates = (state: State, batch: UpdateBatch): State => {
  let next = state
  for (const update of batch) {
    switch (update.kind) {
      case 'status':
        next = { ...next, status: update.status, catalogue: sized(next.catalogue, update.status.catalogueSize) }
        break
      case 'catalogue':
        next = { ...next, catalogue: { revision: update.revision, size: update.size } }
        break
      case 'library':
        next = { ...next, libraryRevision: update.revision }
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
          // What was said of its restarts is no longer true.
          notices: next.notices.filter(({ id }) => id !== engineNoticeId),
        }
        break
      case 'notice':
        next = withNotice(next, { id: update.id, level: update.level, message: sayFailure(update) })
        break
    }
  }
  return next
}

/** An ended transfer stays ended: what arrives late about it is dropped. */
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

/** The newest notice comes last; one with the same id takes the place of the older; more than fit are forgotten. */
export const withNotice = (state: State, notice: Notice): State => ({
  ...state,
  notices: [...state.notices.filter(({ id }) => id !== notice.id), notice].slice(-MAX_NOTICES),
})

export const hasEnded = (state: TransferState): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled'

/** More at once cover the page and are not read. */
const MAX_NOTICES = 4

const sized = (catalogue: State['catalogue'], size: number): State['catalogue'] =>
  catalogue.size === size ? catalogue : { ...catalogue, size }

const noticeOfEnd = ({ id, specs, state, failure }: TransferView): Notice | undefined => {
  const what = inWords(specs.map(specLabel))
  if (state === 'done') return { id: `transfer:${id}`, level: 'success', message: `Installed ${what}.` }
  if (state !== 'failed') return undefined
  const reason = failure === undefined ? '' : ` ${sayFailure(failure)}`
  return { id: `transfer:${id}`, level: 'error', message: `${what} was not installed.${reason}` }
}
