import PQueue from 'p-queue'
import { Failure } from '../contract/failures.ts'
import type { Codec } from '../protocol/codec.ts'
import type { Change, Store, TableName } from '../store/store.ts'

/**
 * A small table of our own records, kept in memory and on disk alike. What does not decode is left where it is,
 * counted, and replaced when the same key is written again.
 */
export interface StoredRecords<T> {
  load(): Promise<{ dropped: number }>
  get(key: string): T | undefined
  /** In the order of keys. */
  list(): readonly T[]
  /** Durable when it resolves. */
  put(record: T): Promise<void>
  /** False when there was none. `others` go in the same write. */
  remove(key: string, others?: readonly Change[]): Promise<boolean>
  /** The change that `put` makes, for a write together with others; `note` it afterwards. */
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
        // A value under another's key would answer for what it is not.
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
        const known = recordByKey.has(key)
        await store.write([{ table, key: prefix + key, value: undefined }, ...others], { durability: 'strict' })
        recordByKey.delete(key)
        return known
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
