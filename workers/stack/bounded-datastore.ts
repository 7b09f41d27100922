import type { kadDHT } from '@libp2p/kad-dht'

/** The datastore of a libp2p node, as kad-dht declares it in its components. */
export type Datastore = Parameters<ReturnType<typeof kadDHT>>[0]['datastore']

type Key = Parameters<Datastore['get']>[0]

export interface DatastoreBounds {
  /** Of keys and values together. */
  maxBytes: number
  maxEntries: number
}

/** Limit on a value (bytes): larger than any record of the DHT or the peer store. */
const maxValueBytes = 64 * 1024

/** Memory of an entry besides its key and value (bytes): a map entry and two objects. */
const overheadBytes = 128

/** The peer store and the node's keys: few entries, which DHT records of other peers must not evict. */
const isOwn = (key: string): boolean => !key.startsWith('/dht/')

export interface BoundedDatastore extends Datastore {
  /** Current size. */
  usage(): { entries: number; bytes: number }
}

/**
 * A bounded datastore in memory that evicts the least recently used entries. Entries under `/dht/` and all others (peer
 * store, keys) have separate bounds, so neither can evict the other.
 *
 * Throws on a value over 64 KiB. Nothing outlives the process.
 */
export const createBoundedDatastore = (bounds: DatastoreBounds): BoundedDatastore => {
  const partitions = { own: createPartition(bounds), dht: createPartition(bounds) }
  const partition = (key: string): Partition => (isOwn(key) ? partitions.own : partitions.dht)

  const store: BoundedDatastore = {
    put(key, value, options) {
      options?.signal?.throwIfAborted()
      if (value.byteLength > maxValueBytes) throw new RangeError(`A value has at most ${maxValueBytes} bytes.`)
      partition(key.toString()).put(key, value)
      return key
    },
    get(key, options) {
      options?.signal?.throwIfAborted()
      const entry = partition(key.toString()).use(key.toString())
      if (entry === undefined) throw new NotFound(`Nothing is kept under ${key}.`)
      return entry.value
    },
    has(key, options) {
      options?.signal?.throwIfAborted()
      return partition(key.toString()).entries.has(key.toString())
    },
    delete(key, options) {
      options?.signal?.throwIfAborted()
      partition(key.toString()).remove(key.toString())
    },
    async *putMany(source, options) {
      for await (const { key, value } of source) yield store.put(key, value, options)
    },
    async *getMany(source, options) {
      for await (const key of source) yield { key, value: await store.get(key, options) }
    },
    async *deleteMany(source, options) {
      for await (const key of source) {
        await store.delete(key, options)
        yield key
      }
    },
    batch() {
      const changes: (() => unknown)[] = []
      return {
        put: (key, value) => void changes.push(() => store.put(key, value)),
        delete: (key) => void changes.push(() => store.delete(key)),
        async commit() {
          for (const change of changes.splice(0)) await change()
        },
      }
    },
    *query(query, options) {
      let pairs = select(partitions, query.prefix)
      for (const filter of query.filters ?? []) pairs = pairs.filter(filter)
      for (const order of query.orders ?? []) pairs.sort(order)
      for (const pair of page(pairs, query)) {
        options?.signal?.throwIfAborted()
        yield pair
      }
    },
    *queryKeys(query, options) {
      let keys = select(partitions, query.prefix).map(({ key }) => key)
      for (const filter of query.filters ?? []) keys = keys.filter(filter)
      for (const order of query.orders ?? []) keys.sort(order)
      for (const key of page(keys, query)) {
        options?.signal?.throwIfAborted()
        yield key
      }
    },
    usage: () => ({
      entries: partitions.own.entries.size + partitions.dht.entries.size,
      bytes: partitions.own.bytes() + partitions.dht.bytes(),
    }),
  }
  return store
}

/** libp2p recognises a missing entry by this error name. */
class NotFound extends Error {
  override readonly name = 'NotFoundError'
}

interface Entry {
  key: Key
  value: Uint8Array
}

interface Partition {
  /** Least recently used first. */
  entries: Map<string, Entry>
  bytes(): number
  put(key: Key, value: Uint8Array): void
  use(key: string): Entry | undefined
  remove(key: string): void
}

const createPartition = ({ maxBytes, maxEntries }: DatastoreBounds): Partition => {
  const entries = new Map<string, Entry>()
  let bytes = 0
  const cost = (key: string, { value }: Entry): number => key.length + value.byteLength + overheadBytes
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (entry === undefined) return
    bytes -= cost(key, entry)
    entries.delete(key)
  }
  return {
    entries,
    bytes: () => bytes,
    remove,
    put(key, value) {
      const text = key.toString()
      remove(text)
      // Copied, because a small view would keep its whole buffer alive.
      const entry = { key, value: value.slice() }
      entries.set(text, entry)
      bytes += cost(text, entry)
      for (const oldest of entries.keys()) {
        if ((bytes <= maxBytes && entries.size <= maxEntries) || entries.size === 1) break
        remove(oldest)
      }
    },
    use(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry
    },
  }
}

const select = (partitions: { own: Partition; dht: Partition }, prefix = ''): Entry[] =>
  [...(prefix.startsWith('/dht/') ? [] : partitions.own.entries), ...partitions.dht.entries].flatMap(([key, entry]) =>
    key.startsWith(prefix) ? [entry] : [],
  )

const page = <T>(all: readonly T[], { offset = 0, limit }: { offset?: number; limit?: number }): T[] =>
  all.slice(offset, limit === undefined ? undefined : offset + limit)
