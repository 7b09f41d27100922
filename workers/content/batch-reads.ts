/**
 * Batches the reads of one microtask turn into one transaction, which costs more than the reads.
 *
 * Each caller receives its own value; a failed read rejects for all callers of that batch.
 */
export const batchReads = <V>(
  readAll: (keys: readonly string[]) => Promise<readonly V[]>,
): ((key: string) => Promise<V | undefined>) => {
  let keys: string[] = []
  let reading: Promise<readonly V[]> | undefined

  return async (key) => {
    const at = keys.push(key) - 1
    reading ??= Promise.resolve().then(() => {
      const batch = keys
      keys = []
      reading = undefined
      return readAll(batch)
    })
    return (await reading)[at]
  }
}
