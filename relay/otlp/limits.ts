/** Limits on the forwarding of telemetry to the collector. */

/** Longest forwarded body (bytes). A tab's batch of 512 spans takes about 300 KB. */
export const maxBodyBytes = 1024 * 1024

/** Rest of a refused body that is read and dropped, so that its sender sees the refusal (bytes). */
export const maxDiscardedBytes = 8 * 1024 * 1024

/** Longest answer of the collector that is passed back (bytes); it names rejected spans, if any. */
export const maxAnswerBytes = 64 * 1024

/** Time for the collector to answer (ms): below the 10 s after which the exporter of a tab gives up. */
export const collectorTimeoutMs = 8_000

/**
 * Posts in progress, each with at most one body in memory: together 64 MiB. The oldest gives way, as it is either a
 * slow upload or waits for a slow collector.
 */
export const inProgress = { perAddress: 16, total: 64 }

/**
 * Posts and bytes per second, from one address and in total. A tab posts about every five seconds, and all tabs behind
 * one proxy share an address.
 */
export const postsPerAddress = { perSecond: 100, burst: 500 }
export const postsInTotal = { perSecond: 400, burst: 1_000 }
export const bytesPerAddress = { perSecond: 4 * 1024 * 1024, burst: 32 * 1024 * 1024 }
export const bytesInTotal = { perSecond: 16 * 1024 * 1024, burst: 128 * 1024 * 1024 }

/** Addresses with a rate in memory. */
export const maxAddresses = 4_096
