/**
 * Stable React keys for a list. Duplicate items, which untrusted records can contain, get different keys: React mixes up
 * siblings with the same key.
 */
export const keyed = <T>(items: readonly T[], keyOf: (item: T) => string): { key: string; item: T }[] => {
  const counts = new Map<string, number>()
  return items.map((item) => {
    const key = keyOf(item)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return { key: `${count} ${key}`, item }
  })
}
