import { supersede, type Update, type UpdateBatch, updateKey } from '../contract/updates.ts'

/** Window in which updates are gathered, ms: one frame at 60 Hz, so that the page renders at most once for each batch. */
const batchWindowMs = 16

export interface UpdateBus {
  emit(update: Update): void
  /**
   * The same for an update that is dearer to make than to say that it is due: it is made when its batch is posted, of
   * what holds then. `kind` is the whole of its key.
   */
  emitWhenPosted<Kind extends UnkeyedKind>(kind: Kind, make: () => Extract<Update, { kind: Kind }>): void
  /** Posts what is gathered now and stops; later updates are dropped. */
  stop(): void
}

/** Updates of which there is only one in a batch. */
type UnkeyedKind = 'status'

/**
 * Gathers updates and posts them together; of several with one key in a window only the last is sent, in
 * its place, with what it has to say of the others (`supersede`).
 */
export const createUpdateBus = (post: (batch: UpdateBatch) => void): UpdateBus => {
  const pending = new Map<string, () => Update>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const flush = (): void => {
    timer = undefined
    if (pending.size === 0) return
    const makers = [...pending.values()]
    pending.clear()
    post(makers.map((make) => make()))
  }

  const put = (key: string, make: () => Update): void => {
    if (stopped) return
    pending.delete(key)
    pending.set(key, make)
    timer ??= setTimeout(flush, batchWindowMs)
  }

  return {
    emit(update) {
      const key = updateKey(update)
      const joined = update.kind === 'catalogue' ? supersede(pending.get(key)?.(), update) : update
      put(key, () => joined)
    },
    emitWhenPosted: put,
    stop() {
      stopped = true
      clearTimeout(timer)
      flush()
    },
  }
}
