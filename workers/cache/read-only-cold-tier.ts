import type { ColdTier } from './cold-tier.ts'

/**
 * Cold tier over values stored permanently elsewhere, such as the files of installed packages. Stores nothing, so no
 * value is on disk twice.
 *
 * Guarantees: errors of `read` reach the caller. Code that changes the result of `read` must drop the key from memory.
 *
 * @param now Unix time (ms).
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
  reject() {},
  async flush() {},
  async stop() {},
})
