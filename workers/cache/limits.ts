/** The bounds of a tiered cache; the defaults are those of docs/protocol.md §11. */
export interface CacheLimits {
  /** Decoded values. */
  hotEntries: number
  hotMs: number
  /** Encoded values in memory. */
  warmEntries: number
  warmMs: number
  warmBytes: number
  /** Encoded values in the store. Also the longest that a value is used at all, counted from when it was put. */
  coldMs: number
  coldBytes: number
  coldEntries: number
  /** A larger encoded value is handed out and not kept. */
  entryBytes: number
  /** An answer “there is none” is given again without a look for this long. */
  noneMs: number
  noneEntries: number
  /** What was put waits this long for others that go to the store with it. */
  writeDelayMs: number
  /** What waits for the store in memory, while the store refuses it. */
  pendingBytes: number
  /** Requests over which the hit rate is compared with the best possible one. */
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
  // A browser gives a page at least some hundred MiB; most of that is for packages.
  coldBytes: 64 * mebibyte,
  // Each costs about 300 bytes of memory for the index.
  coldEntries: 20_000,
  entryBytes: mebibyte,
  // About what a publication needs to reach everybody: whoever asks again sees it.
  noneMs: 10_000,
  noneEntries: 1_000,
  // IndexedDB takes 0.7 ms a write of its own and 0.1 ms in a batch; a tab that is killed loses this much of a cache.
  writeDelayMs: 500,
  pendingBytes: 4 * mebibyte,
  // Eight times the slots, and as many before them: with half of that the optimum comes out 5 % low on Zipf's law. It takes
  // 15 ms to compute, once a second at most.
  windowRequests: 8_192,
}

/** A stamp this far in the future is taken for one that a wrong clock made, ms: people set clocks wrong by a day. */
const clockToleranceMs = 24 * hourMs

/**
 * True while something stamped `at` is younger than `ttlMs`. A clock that was set back makes stamps of the future: they
 * count as new for up to a day, and are refused beyond that, so that nothing lives for ever.
 */
export const isFresh = (at: number, now: number, ttlMs: number): boolean =>
  now - at < ttlMs && at - now <= clockToleranceMs
