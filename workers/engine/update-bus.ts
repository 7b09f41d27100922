import { supersede, type Update, type UpdateBatch, updateKey } from '../contract/updates.ts'

/** Batch window (ms): one frame at 60 Hz, so that the page renders at most once per batch. */
const batchWindowMs = 16

export interface UpdateBus {
  emit(update: Update): void
  /**
   * The same for an update that is expensive to build: it is built when its batch is posted, from the state at that
   * time. `kind` is its whole key.
   */
  emitWhenPosted<Kind extends UnkeyedKind>(kind: Kind, make: () => Extract<Update, { kind: Kind }>): void
  /** Posts the pending batch and stops; later updates are dropped. */
  stop(): void
}

/** Kinds with at most one update in a batch. */
type UnkeyedKind = 'status'

/**
 * Batches updates. Of several with one key in a window only the last is sent, in its place, merged with the others
 * (`supersede`).
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
