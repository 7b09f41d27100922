import { type Failure, toFailure } from '../contract/failures.ts'
import { type IdbStoreOptions, openIdbStore } from './idb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

export interface OpenedStore {
  store: Store
  /** Why nothing will survive this tab; absent when the store is on disk. */
  refusal?: Failure
}

/**
 * The store of a profile: on disk where the browser allows it, else in memory, with the reason.
 *
 * Where something is stored already and cannot be opened (another version of the page, a browser that hangs), memory
 * would look like a new profile with new keys: the failure is the answer then.
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
    // A browser that does not even list them has refused storage as a whole.
    return false
  }
}
