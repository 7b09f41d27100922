/**
 * Reads that are wanted in one task, done as one: a transaction costs more than what it reads.
 *
 * Each caller gets its own value; a read that fails, fails for all who asked in that task.
 */
export const batchReads = <V>(
  readAll: (keys: readonly string[]) => Promise<readonly V[]>,
): ((key: string) => Promise<V | undefined>) => {
  let keys: string[] = []
  let reading: Promise<readonly V[]> | undefined

  return async (key) => {
    const at = keys.push(key) - 1
    reading ??= Promise.resolve().then(() => {
      const wanted = keys
      keys = []
      reading = undefined
      return readAll(wanted)
    })
    return (await reading)[at]
  }
}
