import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'

/** The numbers of the libp2p services, each with its unit and reason. Those of the wire formats are in protocol. */

// noise and yamux

/** Bytes that wait for a peer to read, beside those that its streams' windows hold back. More is a peer that never reads. */
export const maxUnsentBytes = 8 * 1024 * 1024

/** A stream's window grows to this (bytes): 10 MB/s at 100 ms, and what one unfinished frame can hold. */
export const maxStreamWindowBytes = 1024 * 1024

/** Streams that one peer may have open here: four times the relayed connections of one tab. */
export const maxInboundStreams = 512

// identify

/** Our address changes in bursts of a few events; the news of it lets others find us, so it waits for no more, ms. */
export const pushDebounceMs = 20

// ping

/**
 * Pings to one peer at once: of the connection monitor, the routing table and the relay keeper, each slow on a busy
 * machine. One more than this fails, and the monitor takes that for a dead peer and ends a connection that is well.
 */
export const pingsToPeer = 8

/** Both sides count for themselves: one that has ended there may still be open here. */
export const pingsFromPeer = 2 * pingsToPeer

// kad-dht

/** Peers asked at once on a path: a hop to a tab that is not connected costs a relayed dial and WebRTC, so few. */
export const queryParallelism = 3

/** Paths that share no peer: two of three may be led astray by peers that lie (S/Kademlia §4.4). */
export const queryPaths = 3

/** One question to one peer, ms: several times a dial by WebRTC (0.3 s); a tab that was closed costs no more. */
export const queryMinTimeoutMs = 2_000
export const queryMaxTimeoutMs = 5_000

/** The longest delay that a timer takes, ms: 24 days. */
export const neverMs = 2 ** 31 - 1

/**
 * What a node keeps in memory for others (DHT records of up to 9 KiB, provider records) and, with the same bounds, of
 * others (peer store). A relay of 1,000 tabs has a record or two of each; a tab is given as many by the tabs near it.
 */
export const tabDatastore = { maxBytes: 16 * 1024 * 1024, maxEntries: 16_384 }
export const relayDatastore = { maxBytes: 64 * 1024 * 1024, maxEntries: 65_536 }

/** For so long after a connection was made its peer is known to live without being asked, ms: it identifies itself then. */
export const freshConnectionMs = 5_000

/** A connected peer that missed its place in the routing table (a lost ping) is tried again after this long, ms. */
export const tableCheckMs = 15_000

// gossipsub (docs/protocol.md §7)

/** Peers in the mesh: wanted, at least, at most. */
export const meshPeers = 8
export const meshPeersMin = 6
export const meshPeersMax = 12

/**
 * Peers outside the mesh that are told at each heartbeat what there is: at least so many, and all of them. Of 24 tabs
 * that come to one relay at once, half are outside its mesh, and with fewer told somebody misses all three tellings.
 */
export const lazyPeers = 6
export const lazyShare = 1

/** Heartbeats for which a message is kept, and for which it is told of. */
export const historyHeartbeats = 5
export const gossipHeartbeats = 3

/**
 * A relay is where everybody is new: it hands news to more peers at once, and answers for longer those that it only told
 * of them. A tab that starts beside fifteen others takes seconds for a round trip, and would come too late.
 */
export const hubMeshPeers = 24
export const hubMeshPeersMin = 20
export const hubMeshPeersMax = 32
export const hubHistoryHeartbeats = 40
export const hubGossipHeartbeats = 10

/**
 * What a peer has missed it is told of with the next heartbeat, ms. Measured (`npm run bench -- gossip`): one costs half a
 * millisecond of CPU and, with nothing to tell, sends nothing, at 300 as at 1,000 ms; but the three for which a message is
 * told of are over after 0.9 s at 300 ms, and a peer that was busy for so long then missed it.
 */
export const heartbeatMs = 500

/** One frame can answer an IWANT with several of the largest messages, bytes. */
export const gossipFrameBytes = 16 * ANNOUNCEMENT_MAX_BYTES

/** A peer that reads slower than this piles up is dropped rather than kept in memory, bytes. */
export const gossipBufferBytes = 32 * ANNOUNCEMENT_MAX_BYTES

/** One topic costs about 1 KiB; the budget leaves room for those of later versions, bytes. */
export const topicBytesPerPeer = 16_384

/** Entries in one frame. A peer that keeps 5 heartbeats of a busy minute has a few hundred messages to tell of. */
export const gossipRpcLimits = {
  maxSubscriptions: 16,
  maxMessages: 256,
  maxIhaveMessageIDs: 1_024,
  maxIwantMessageIDs: 1_024,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 64,
  maxPeerInfos: 16,
}

/**
 * How a peer's behaviour on the topic is scored; below −80 it is ignored. Two invalid messages are chance or an old
 * version (−80), a third within a minute is not (−180); half is forgotten after 69 s. Silence is no fault here: hours
 * may pass without a publication, so missing deliveries weigh nothing.
 */
export const topicScore = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 1,
  firstMessageDeliveriesDecay: 0.99,
  firstMessageDeliveriesCap: 5,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.99,
}

// Connections of any node

/** A relay pings every connection this often, and drops it when no answer comes: a killed tab is noticed within 15 s, ms. */
export const pingIntervalMs = 10_000
export const pingTimeoutMs = 5_000

/** Time to finish what a connection is doing when it is closed, ms. */
export const closeTimeoutMs = 500

// Relayed connections, as a relay grants them and tabs count on

/** The relayed connection that leads to a WebRTC one takes seconds; without a direct path it serves for this long (ms). */
export const relayedDurationMs = 10 * 60_000

/** The bytes it may carry, both ways together: enough for a catalogue and small packages, and not for a free proxy. */
export const relayedBytes = 16 * 1024 * 1024

/** Of that, what one package may take (bytes): the rest is for what else the connection carries, encryption included. */
export const relayedContentBytes = 16_000_000
