import type { Store } from '../store/store.ts'

/**
 * A store that writes only while this worker holds its profile: a tab that was frozen, replaced and woken again must not
 * write beside the new leader in the moment before it learns that it was replaced.
 *
 * Not guaranteed: a write that was handed to the browser before the freeze may still complete, whole, after it. The
 * browser orders it before or after what the new leader reads of the same tables, never between.
 */
export const createFencedStore = (store: Store, assertHeld: () => Promise<void>): Store => ({
  persistent: store.persistent,
  get: store.get,
  getMany: store.getMany,
  keys: store.keys,
  entries: store.entries,
  async write(changes, options) {
    await assertHeld()
    await store.write(changes, options)
  },
  close: store.close,
})
