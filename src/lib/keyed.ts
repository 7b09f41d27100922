/**
 * Items with a key each for a list that is drawn, the same in every drawing. What stands in a list twice, as a stranger's
 * record may have it, has two keys: with one, drawing mixes them up.
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
