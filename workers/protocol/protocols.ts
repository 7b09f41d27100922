/** Names that peers meet under. A change that breaks talking to older peers changes the number in the name. */

/** kad-dht protocol id. */
export const KAD_PROTOCOL = '/ggen/kad/1.0.0'

/** Gossip topic of announcements. */
export const PACKAGES_TOPIC = '/ggen/packages/v1'

/** Exchange of catalogue entries between two peers. */
export const SYNC_PROTOCOL = '/ggen/sync/1.0.0'

/** Transfer of manifests and pieces. */
export const PIECE_PROTOCOL = '/ggen/piece/1.0.0'

/** Remote search and describe. */
export const QUERY_PROTOCOL = '/ggen/query/1.0.0'

/** First part of the DHT keys `/ggen/<publisher id>/<slug>`; names their validator and selector. */
export const DHT_NAMESPACE = 'ggen'
