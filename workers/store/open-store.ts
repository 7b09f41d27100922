import { type Failure, toFailure } from '../contract/failures.ts'
import { type IdbStoreOptions, openIdbStore } from './idb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

export interface OpenedStore {
  store: Store
  /** Why nothing will outlive this tab; absent if the store is on disk. */
  refusal?: Failure
}

/**
 * Opens the store of a profile: on disk if the browser allows it, otherwise in memory with the reason.
 *
 * If a stored profile cannot be opened (another version of the page, a hanging browser), it fails instead: a store in
 * memory would look like a new profile with new keys.
 * @throws Failure `StorageUnavailable`.
 */
export const openStore = async (name: string, options: IdbStoreOptions = {}): Promise<OpenedStore> => {
  try {
    return { store: await openIdbStore(name, options) }
  } catch (thrown) {
    const refusal = toFailure(thrown)
    if (await isStored(name)) throw refusal
    return { store: createMemoryStore(), refusal }
  }
}

const isStored = async (name: string): Promise<boolean> => {
  try {
    return (await indexedDB.databases()).some((database) => database.name === name)
  } catch {
    // A browser that does not list databases refuses storage altogether.
    return false
  }
}
