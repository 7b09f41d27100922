import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'

/** Limits of the libp2p services, with units and reasons. Limits of the wire formats are in protocol. */

// noise and yamux

/** Unsent bytes per connection, without those that stream windows hold back; a peer with more does not read. */
export const maxUnsentBytes = 8 * 1024 * 1024

/** Largest stream window (bytes): 10 MB/s at 100 ms. Also bounds an unfinished frame. */
export const maxStreamWindowBytes = 1024 * 1024

/** Inbound streams per connection: four times the relayed connections of one tab. */
export const maxInboundStreams = 512

// identify

/** Debounce of identify push (ms): addresses change in bursts of a few events, and others need them to find us. */
export const pushDebounceMs = 20

// ping

/**
 * Concurrent pings to one peer, by the connection monitor, the routing table and the reservation checks, each slow on a
 * busy machine. One more fails, and the monitor would take that for a dead peer and close a healthy connection.
 */
export const pingsToPeer = 8

/** Each side counts separately: a ping that has ended there may still be open here. */
export const pingsFromPeer = 2 * pingsToPeer

// kad-dht

/** Concurrent requests on a path: few, since a hop to an unconnected tab costs a relayed dial and WebRTC. */
export const queryParallelism = 3

/** Disjoint paths: dishonest peers may mislead two of three (S/Kademlia §4.4). */
export const queryPaths = 3

/** Timeout of one request (ms): several times a WebRTC dial (0.3 s), and the cost of a closed tab. */
export const queryMinTimeoutMs = 2_000
export const queryMaxTimeoutMs = 5_000

/** The longest delay of a timer (ms): 24 days. */
export const neverMs = 2 ** 31 - 1

/**
 * Memory for other peers' DHT records (up to 9 KiB) and provider records and, with the same bounds, for the peer store. A
 * relay of 1,000 tabs stores a record or two of each; a tab gets as many from its neighbours in the key space.
 */
export const tabDatastore = { maxBytes: 16 * 1024 * 1024, maxEntries: 16_384 }
export const relayDatastore = { maxBytes: 64 * 1024 * 1024, maxEntries: 65_536 }

/** Age below which a connection needs no ping as proof of life (ms): its peer has just identified itself. */
export const freshConnectionMs = 5_000

/** Interval between attempts to add connected peers that are missing from the routing table (ms), e.g. after a lost ping. */
export const tableCheckMs = 15_000

// gossipsub (docs/protocol.md §7)

/** Peers in the mesh: target, minimum, maximum. */
export const meshPeers = 8
export const meshPeersMin = 6
export const meshPeersMax = 12

/**
 * Peers outside the mesh that receive IHAVE at each heartbeat: at least this many, and this share of them, which is all.
 * Of 24 tabs that join one relay at once, half are outside its mesh; with a smaller share some would miss all three
 * IHAVEs.
 */
export const lazyPeers = 6
export const lazyShare = 1

/** Heartbeats during which a message is cached, and during which IHAVE announces it. */
export const historyHeartbeats = 5
export const gossipHeartbeats = 3

/**
 * New tabs meet a relay first: it forwards announcements to more peers at once and answers IWANT for longer. A tab that
 * starts beside fifteen others takes seconds for a round trip and would ask too late.
 */
export const relayMeshPeers = 24
export const relayMeshPeersMin = 20
export const relayMeshPeersMax = 32
export const relayHistoryHeartbeats = 40
export const relayGossipHeartbeats = 10

/**
 * Interval between heartbeats (ms), after which a peer learns of messages that it missed. Measured (`npm run bench --
 * gossip`): a heartbeat costs half a millisecond of CPU and, without messages, no traffic, at 300 as at 1,000 ms. But at
 * 300 ms the three heartbeats with IHAVE are over after 0.9 s, and a peer that is busy for that time misses the message.
 */
export const heartbeatMs = 500

/** Limit on a frame (bytes): one can answer an IWANT with several of the largest messages. */
export const gossipFrameBytes = 16 * ANNOUNCEMENT_MAX_BYTES

/** Limit on the outbound buffer of a peer (bytes); slower readers lose their stream. */
export const gossipBufferBytes = 32 * ANNOUNCEMENT_MAX_BYTES

/** Limit on the topics of a peer (bytes): a topic costs about 1 KiB, and later versions may add some. */
export const topicBytesPerPeer = 16_384

/** Entries in one frame. A peer that caches 5 heartbeats of a busy minute announces a few hundred messages. */
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
 * Score parameters of the topic; a peer below −80 is ignored. Two invalid messages may be chance or an old version (−80),
 * a third within a minute is not (−180); the penalty halves in 69 s. Missing deliveries have no weight, because hours may
 * pass without a publication.
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

/** Interval and timeout of the pings with which a relay detects killed tabs, within 15 s in total (ms). */
export const pingIntervalMs = 10_000
export const pingTimeoutMs = 5_000

/** Time for a connection to close gracefully (ms). */
export const closeTimeoutMs = 500

// Relayed connections: limits of the relay that tabs rely on

/** Lifetime of a relayed connection (ms): a WebRTC upgrade takes seconds; without a direct path the relayed one serves. */
export const relayedDurationMs = 10 * 60_000

/** Data limit in both directions together (bytes): enough for a catalogue and small packages, too little for a free proxy. */
export const relayedBytes = 16 * 1024 * 1024

/** Share of it for the content of one package (bytes); the rest covers encryption and other traffic. */
export const relayedContentBytes = 16_000_000
