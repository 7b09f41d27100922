/**
 * Names that peers meet under. Each protocol negotiates its version when a stream is opened: the caller offers the ids
 * that it speaks, newest first, and the other side takes the first that it knows (multistream-select). A change that
 * breaks talking to older peers adds a new id in front; the old one stays as long as older peers are about.
 */

/** kad-dht protocol id. kad-dht offers one id only; a second version needs a second DHT beside the first. */
export const KAD_PROTOCOL = '/ggen/kad/1.0.0'

/** Gossip topic of announcements. Peers of several versions follow several topics. */
export const PACKAGES_TOPIC = '/ggen/packages/v1'

/** Exchange of catalogue entries between two peers. */
export const SYNC_PROTOCOL = '/ggen/sync/1.0.0'

/** Transfer of manifests and pieces. */
export const PIECE_PROTOCOL = '/ggen/piece/1.0.0'

/** Remote search and describe. */
export const QUERY_PROTOCOL = '/ggen/query/1.0.0'

/** First part of the DHT keys `/ggen/<publisher id>/<slug>`; names their validator and selector. */
export const DHT_NAMESPACE = 'ggen'
