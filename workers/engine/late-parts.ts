/**
 * Fetches, in the background once the engine is up, the parts of the worker that load at first use: the page works
 * without its server, which may be gone by then.
 */
export const fetchLateParts = async (): Promise<void> => {
  // A part that does not arrive now is requested again at first use.
  await Promise.allSettled([
    import('../packages/read-package.ts'),
    import('../packages/read-archive.ts'),
    import('../packages/write-archive.ts'),
  ])
}

/** Delay before the fetch (ms): the first seconds are for finding peers. */
export const latePartsDelayMs = 2_000
