import { type Failure, toFailure } from '../contract/failures.ts'
import { type IdbStoreOptions, openIdbStore } from './idb-store.ts'
import { createMemoryStore } from './memory-store.ts'
import type { Store } from './store.ts'

export interface OpenedStore {
  store: Store
  /** Why nothing will survive this tab, in words for the person; absent when the store is on disk. */
  refusal?: Failure
}

/** The store of a profile: on disk where the browser allows it, else in memory, with the reason. Never rejects. */
export const openStore = async (name: string, options: IdbStoreOptions = {}): Promise<OpenedStore> => {
  try {
    return { store: await openIdbStore(name, options) }
  } catch (thrown) {
    return { store: createMemoryStore(), refusal: toFailure(thrown) }
  }
}
