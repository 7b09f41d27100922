/** A map of bounded size that evicts the least recently used entry. `set` and `get` use a key. */
export interface LruMap<V> {
  size(): number
  get(key: string): V | undefined
  /** Reads without using the key. */
  peek(key: string): V | undefined
  set(key: string, value: V): void
  /** The value of the key, created if missing. */
  getOrCreate(key: string, create: () => V): V
  delete(key: string): boolean
  /** The least recently used first. */
  values(): Iterable<V>
}

export const createLruMap = <V extends {}>(capacity: number): LruMap<V> => {
  /** `Map` keeps insertion order. */
  const valueByKey = new Map<string, V>()

  const set = (key: string, value: V): void => {
    valueByKey.delete(key)
    valueByKey.set(key, value)
    const [oldest] = valueByKey.keys()
    if (valueByKey.size > capacity && oldest !== undefined) valueByKey.delete(oldest)
  }

  const get = (key: string): V | undefined => {
    const value = valueByKey.get(key)
    if (value !== undefined) set(key, value)
    return value
  }

  return {
    size: () => valueByKey.size,
    get,
    peek: (key) => valueByKey.get(key),
    set,
    getOrCreate(key, create) {
      const existing = get(key)
      if (existing !== undefined) return existing
      const value = create()
      set(key, value)
      return value
    },
    delete: (key) => valueByKey.delete(key),
    values: () => valueByKey.values(),
  }
}
