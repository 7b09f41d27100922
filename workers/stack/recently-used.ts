/** The most recently used of many values, each made when it is first asked for; the one not used longest goes first. */
export interface RecentlyUsed<T> {
  get(key: string, make: () => T): T
  delete(key: string): void
}

export const createRecentlyUsed = <T>(capacity: number): RecentlyUsed<T> => {
  const byKey = new Map<string, T>()
  return {
    get(key, make) {
      const value = byKey.has(key) ? (byKey.get(key) as T) : make()
      byKey.delete(key)
      byKey.set(key, value)
      for (const oldest of byKey.keys()) {
        if (byKey.size <= capacity) break
        byKey.delete(oldest)
      }
      return value
    },
    delete: (key) => void byKey.delete(key),
  }
}
