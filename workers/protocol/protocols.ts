/**
 * Protocol ids and topics. Peers negotiate the version of a protocol when they open a stream: the dialler offers its
 * ids, newest first, and the listener selects the first that it supports (multistream-select). An incompatible change
 * adds a new id in front; the old one stays until no older peers are left.
 */

/** kad-dht protocol id. kad-dht offers one id only; a second version needs a second DHT beside the first. */
export const KAD_PROTOCOL = '/ggen/kad/1.0.0'

/** Gossip topic of announcements. Peers that support several versions subscribe to several topics. */
export const PACKAGES_TOPIC = '/ggen/packages/v1'

/** Exchange of catalogue entries between two peers. */
export const SYNC_PROTOCOL = '/ggen/sync/1.0.0'

/** Transfer of manifests and pieces. */
export const PIECE_PROTOCOL = '/ggen/piece/1.0.0'

/** Remote search and describe. */
export const QUERY_PROTOCOL = '/ggen/query/1.0.0'

/** First segment of the DHT keys `/ggen/<publisher id>/<slug>`, which selects their validator and selector. */
export const DHT_NAMESPACE = 'ggen'
