import type { kadDHT } from '@libp2p/kad-dht'

/** The datastore of a libp2p node, as kad-dht has it in its components. */
export type Datastore = Parameters<ReturnType<typeof kadDHT>>[0]['datastore']

type Key = Parameters<Datastore['get']>[0]

export interface DatastoreBounds {
  /** Of keys and values together. */
  maxBytes: number
  maxEntries: number
}

/** A value that nobody may keep: larger than any record of the DHT or of the peer store, bytes. */
const maxValueBytes = 64 * 1024

/** Besides key and value an entry costs about this much: a slot of the map and two objects, bytes. */
const overheadBytes = 128

/** Entries of the peer store and keys of the node: they are few, and what a stranger sends must not push them out. */
const isOwn = (key: string): boolean => !key.startsWith('/dht/')

export interface BoundedDatastore extends Datastore {
  /** What is kept now. */
  usage(): { entries: number; bytes: number }
}

/**
 * A datastore in memory with an end: whoever fills a node with DHT records pushes out the ones used least recently, and
 * of those the strangers' first. What is under `/dht/` and what is not (peer store, keys) have each the bounds for
 * themselves, so neither pushes out the other.
 *
 * A value over 64 KiB is refused with an error. Nothing outlives the process.
 */
export const createBoundedDatastore = (bounds: DatastoreBounds): BoundedDatastore => {
  const shelves = { own: createShelf(bounds), dht: createShelf(bounds) }
  const shelf = (key: string): Shelf => (isOwn(key) ? shelves.own : shelves.dht)

  const store: BoundedDatastore = {
    put(key, value, options) {
      options?.signal?.throwIfAborted()
      if (value.byteLength > maxValueBytes) throw new RangeError(`A value has at most ${maxValueBytes} bytes.`)
      shelf(key.toString()).put(key, value)
      return key
    },
    get(key, options) {
      options?.signal?.throwIfAborted()
      const entry = shelf(key.toString()).use(key.toString())
      if (entry === undefined) throw new NotFound(`Nothing is kept under ${key}.`)
      return entry.value
    },
    has(key, options) {
      options?.signal?.throwIfAborted()
      return shelf(key.toString()).entries.has(key.toString())
    },
    delete(key, options) {
      options?.signal?.throwIfAborted()
      shelf(key.toString()).remove(key.toString())
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
      let pairs = select(shelves, query.prefix)
      for (const filter of query.filters ?? []) pairs = pairs.filter(filter)
      for (const order of query.orders ?? []) pairs.sort(order)
      for (const pair of page(pairs, query)) {
        options?.signal?.throwIfAborted()
        yield pair
      }
    },
    *queryKeys(query, options) {
      let keys = select(shelves, query.prefix).map(({ key }) => key)
      for (const filter of query.filters ?? []) keys = keys.filter(filter)
      for (const order of query.orders ?? []) keys.sort(order)
      for (const key of page(keys, query)) {
        options?.signal?.throwIfAborted()
        yield key
      }
    },
    usage: () => ({
      entries: shelves.own.entries.size + shelves.dht.entries.size,
      bytes: shelves.own.bytes() + shelves.dht.bytes(),
    }),
  }
  return store
}

/** By this name libp2p tells an absence from a failure. */
class NotFound extends Error {
  override readonly name = 'NotFoundError'
}

interface Entry {
  key: Key
  value: Uint8Array
}

interface Shelf {
  /** Least recently used first. */
  entries: Map<string, Entry>
  bytes(): number
  put(key: Key, value: Uint8Array): void
  use(key: string): Entry | undefined
  remove(key: string): void
}

const createShelf = ({ maxBytes, maxEntries }: DatastoreBounds): Shelf => {
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
      // A copy: the given bytes may be a small view of a large buffer, which would stay as a whole.
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

const select = (shelves: { own: Shelf; dht: Shelf }, prefix = ''): Entry[] =>
  [...(prefix.startsWith('/dht/') ? [] : shelves.own.entries), ...shelves.dht.entries].flatMap(([key, entry]) =>
    key.startsWith(prefix) ? [entry] : [],
  )

const page = <T>(all: readonly T[], { offset = 0, limit }: { offset?: number; limit?: number }): T[] =>
  all.slice(offset, limit === undefined ? undefined : offset + limit)
