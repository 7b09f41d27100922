import type { ColdTier } from './cold-tier.ts'

/**
 * The cold tier of values that are kept elsewhere for good, as the files of installed packages are: it reads them from
 * there and stores nothing, so no byte lies on the disk twice.
 *
 * Guarantees: what `read` throws reaches whoever asked. Whoever changes what `read` would give drops it from memory.
 *
 * @param now ms since the epoch.
 */
export const createReadOnlyColdTier = (
  read: (key: string) => Promise<Uint8Array | undefined>,
  now: () => number,
): ColdTier => ({
  async read(key) {
    const bytes = await read(key)
    return bytes === undefined ? undefined : { bytes, at: now() }
  },
  put() {},
  remove() {},
  refuse() {},
  async flush() {},
  async stop() {},
})
