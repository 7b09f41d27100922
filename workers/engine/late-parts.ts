/**
 * Parts of the worker that load at first use. Fetched in the background once the engine is up, because the server may be
 * gone when they are first needed, and the page keeps working without it.
 */
export const fetchLateParts = async (): Promise<void> => {
  // A part that does not arrive now is requested again at first use.
  await Promise.allSettled([
    import('../packages/read-package.ts'),
    import('../packages/read-archive.ts'),
    import('../packages/write-archive.ts'),
  ])
}

/** The first seconds are for finding peers (ms). */
export const latePartsDelayMs = 2_000
