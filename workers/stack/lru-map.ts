/** A map that holds at most its capacity: the least recently used entry goes first. A key is used by `set` and `get`. */
export interface LruMap<V> {
  size(): number
  get(key: string): V | undefined
  /** Looks without using the key. */
  peek(key: string): V | undefined
  set(key: string, value: V): void
  /** The value of the key, made where there is none. */
  getOrCreate(key: string, create: () => V): V
  delete(key: string): boolean
  /** The least recently used first. */
  values(): Iterable<V>
}

export const createLruMap = <V extends {}>(capacity: number): LruMap<V> => {
  /** A `Map` keeps the order of insertion. */
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
      const known = get(key)
      if (known !== undefined) return known
      const value = create()
      set(key, value)
      return value
    },
    delete: (key) => valueByKey.delete(key),
    values: () => valueByKey.values(),
  }
}
