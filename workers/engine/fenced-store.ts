import type { Store } from '../store/store.ts'

/**
 * A store that writes only while this worker holds the lock of its profile: a tab that was frozen, replaced and resumed
 * must not write beside the new leader before it learns of the replacement.
 *
 * Not guaranteed: a write handed to the browser before the freeze may still complete, whole, after it. The browser
 * orders it before or after the new leader's reads of the same tables, never between them.
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
