import { type Update, type UpdateBatch, updateKey } from '../contract/updates.ts'

/** Window in which updates are gathered, ms: one frame at 60 Hz, so that the page renders at most once for each batch. */
const batchWindowMs = 16

export interface UpdateBus {
  emit(update: Update): void
  /** Posts what is gathered now and stops; later updates are dropped. */
  stop(): void
}

/** Gathers updates and posts them together; of several with one key in a window only the last is sent, in its place. */
export const createUpdateBus = (post: (batch: UpdateBatch) => void): UpdateBus => {
  const pending = new Map<string, Update>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const flush = (): void => {
    timer = undefined
    if (pending.size === 0) return
    const batch = [...pending.values()]
    pending.clear()
    post(batch)
  }

  return {
    emit(update) {
      if (stopped) return
      const key = updateKey(update)
      pending.delete(key)
      pending.set(key, update)
      timer ??= setTimeout(flush, batchWindowMs)
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      flush()
    },
  }
}
