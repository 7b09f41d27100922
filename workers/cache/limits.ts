/** Limits of a tiered cache; the defaults follow docs/protocol.md §11. */
export interface CacheLimits {
  /** Decoded values. */
  hotEntries: number
  hotMs: number
  /** Encoded values in memory. */
  warmEntries: number
  warmMs: number
  warmBytes: number
  /** Lifetime of values in the store, and maximum age of a value in any tier since its put (ms). */
  coldMs: number
  coldBytes: number
  coldEntries: number
  /** Maximum encoded size of a cached value (bytes); larger ones are returned uncached. */
  entryBytes: number
  /** Lifetime of a negative entry (ms). */
  noneMs: number
  noneEntries: number
  /** Delay that batches writes to the store (ms). */
  writeDelayMs: number
  /** Maximum bytes waiting in memory while the store fails. */
  pendingBytes: number
  /** Requests over which the hit rate is compared with the optimum. */
  windowRequests: number
}

const hourMs = 3_600_000
const mebibyte = 1024 * 1024

export const defaultCacheLimits: CacheLimits = {
  hotEntries: 100,
  hotMs: hourMs,
  warmEntries: 1_000,
  warmMs: 24 * hourMs,
  // 1,000 lookups with their release take 2 to 4 MiB; four times that keeps a tab small.
  warmBytes: 16 * mebibyte,
  coldMs: 7 * 24 * hourMs,
  // Browsers grant a page at least some hundred MiB, most of it for packages.
  coldBytes: 64 * mebibyte,
  // Each takes about 300 bytes of memory in the index.
  coldEntries: 20_000,
  entryBytes: mebibyte,
  // About the time a publication needs to propagate, so that a later lookup finds it.
  noneMs: 10_000,
  noneEntries: 1_000,
  // IndexedDB takes 0.7 ms for a single write and 0.1 ms for one in a batch; a killed tab loses the pending writes.
  writeDelayMs: 500,
  pendingBytes: 4 * mebibyte,
  // Eight times the capacity, plus as many warm-up requests: with half of that the optimum is 5 % too low for a Zipf
  // distribution. It takes 15 ms to compute, at most once a second.
  windowRequests: 8_192,
}

/** Tolerance for timestamps in the future (ms): user clocks are often wrong by a day. */
const clockToleranceMs = 24 * hourMs

/**
 * Whether a timestamp is younger than `ttlMs`. After a clock was set back, timestamps lie in the future: they count as
 * fresh up to a day ahead and as expired beyond that, so that no entry lives forever.
 */
export const isFresh = (at: number, now: number, ttlMs: number): boolean =>
  now - at < ttlMs && at - now <= clockToleranceMs
