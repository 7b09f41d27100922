import PQueue from 'p-queue'
import { Failure } from '../contract/failures.ts'
import type { Codec } from '../protocol/codec.ts'
import type { Change, Store, TableName } from '../store/store.ts'

/**
 * A small table of our own records, in memory and on disk. Rows that do not decode are counted and stay on the disk
 * until their key is written again.
 */
export interface StoredRecords<T> {
  load(): Promise<{ dropped: number }>
  get(key: string): T | undefined
  /** In the order of keys. */
  list(): readonly T[]
  /** Durable when it resolves. */
  put(record: T): Promise<void>
  /** Returns false if there was none. `others` are part of the same write. */
  remove(key: string, others?: readonly Change[]): Promise<boolean>
  /** The change that `put` makes, for a write together with others; call `note` after that write. */
  toChange(record: T): Change
  note(record: T): void
}

export const createStoredRecords = <T>(
  store: Store,
  options: { readonly table: TableName; readonly codec: Codec<T>; readonly prefix?: string; keyOf(record: T): string },
): StoredRecords<T> => {
  const { table, codec, prefix = '', keyOf } = options
  const recordByKey = new Map<string, T>()
  const queue = new PQueue({ concurrency: 1 })

  const toChange = (record: T): Change => {
    const value = codec.encode(record)
    return { table, key: prefix + keyOf(record), value }
  }

  return {
    async load() {
      let dropped = 0
      for (const [key, value] of await store.entries(table, prefix)) {
        const record = codec.decode(value)
        // A damaged store may hold a record under the key of another.
        if (record.ok && prefix + keyOf(record.value) === key) recordByKey.set(key.slice(prefix.length), record.value)
        else dropped += 1
      }
      return { dropped }
    },
    get: (key) => recordByKey.get(key),
    list: () => [...recordByKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record),
    put: (record) =>
      queue.add(async () => {
        await store.write([toStoredChange(() => toChange(record))], { durability: 'strict' })
        recordByKey.set(keyOf(record), record)
      }),
    remove: (key, others = []) =>
      queue.add(async () => {
        const existed = recordByKey.has(key)
        await store.write([{ table, key: prefix + key, value: undefined }, ...others], { durability: 'strict' })
        recordByKey.delete(key)
        return existed
      }),
    toChange,
    note(record) {
      recordByKey.set(keyOf(record), record)
    },
  }
}

const toStoredChange = (encode: () => Change): Change => {
  try {
    return encode()
  } catch (error) {
    throw new Failure('InvalidArgument', {
      code: 'not-storable',
      detail: error instanceof Error ? error.message : String(error),
    })
  }
}
