/** Limits on what a stranger can hold at the relay's WebSocket port. */

/**
 * Longest accepted message (bytes). Tabs send at most 128 KiB (`workers/libp2p-internals/websockets.ts`), other libp2p
 * nodes one noise frame of 64 KiB. An unfinished message is buffered up to this size.
 */
export const maxMessageBytes = 256 * 1024

/** Fragments per message: no client splits messages this short, and each fragment costs an object besides its bytes. */
export const maxFragments = 64

/** Chunks of an unfinished frame: enough for 256 KiB in the packets of an old modem, too few for single bytes. */
export const maxBufferedChunks = 1_024

/** Unsent pongs to a peer that does not read before its connection ends. */
export const maxPendingPongs = 8

/** Time from TCP connection to finished libp2p handshake (ms). Honest handshakes take 20 ms and a few round trips. */
export const handshakeTimeoutMs = 10_000

/** Time to wait for the peer's close frame (ms). */
export const closingTimeoutMs = 1_000

/**
 * Connections with an unfinished handshake, per address and in total. A classroom behind one address opens its tabs at
 * once. Each may hold one unfinished message, so together they hold at most 128 MiB for the ten seconds above.
 */
export const unfinished = { perAddress: 256, total: 512 }

/** Unsent bytes of a connection at which its sender must pause. */
export const highWaterBytes = 1024 * 1024

/** Further unsent bytes, for frames that cannot pause (pings, resets); beyond them the peer counts as not reading. */
export const maxWaitingBytes = 4 * 1024 * 1024
