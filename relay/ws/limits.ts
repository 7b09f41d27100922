/** What a stranger can hold of the relay's WebSocket port, each with its unit and reason. */

/**
 * The longest message that is received (bytes). Ours are at most 128 KiB (`workers/libp2p-internals/websockets.ts`), those of other
 * libp2p nodes one frame of noise, 64 KiB; an unfinished message is kept in memory up to this.
 */
export const maxMessageBytes = 256 * 1024

/** Fragments of one message: nobody splits messages this short, and each costs an object besides its bytes. */
export const maxFragments = 64

/** Pieces that an unfinished frame may come in: 256 KiB in packets of an old modem, and no byte by byte. */
export const maxBufferedChunks = 1_024

/** Pongs that wait because the peer does not read; then its connection ends. */
export const maxPendingPongs = 8

/** From the TCP connection to the end of the libp2p handshake (ms). Honest ones take 20 ms and a few round trips. */
export const handshakeTimeoutMs = 10_000

/** For the answer to our closing frame (ms). */
export const closingTimeoutMs = 1_000

/**
 * Connections whose handshake is not finished, from one address and in all. A class room behind one address opens its
 * tabs at once; each may hold one unfinished message, so all together at most 128 MiB for the ten seconds above.
 */
export const unfinished = { perAddress: 256, total: 512 }

/** Bytes that wait to be sent over one connection before the sender is asked to wait. */
export const highWaterBytes = 1024 * 1024

/** And bytes that may wait above that, for what does not wait (pings, resets); then the peer does not read. */
export const maxWaitingBytes = 4 * 1024 * 1024
