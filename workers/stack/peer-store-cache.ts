import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import { createLruMap } from './lru-map.ts'

/** Age up to which a peer is served from memory (ms): the store renews the age of a peer with each write. */
const freshMs = 60_000

export interface PeerStoreCacheOptions {
  /** Peers kept in memory: more than are connected. */
  maxPeers: number
  /** Clock with any origin (ms). */
  now(): number
}

type Cached = Pick<PeerStore, 'get' | 'merge' | 'patch' | 'save' | 'delete'>

/**
 * Lets a peer store answer from memory what it has just written or read, and skip writes of what it already has.
 *
 * Each stream that opens, each identify and each tag is a write of a peer: a lock, a key in base32, a record decoded,
 * encoded and decoded again, and an event with several listeners. Of about ten writes for a new connection most change
 * nothing. While another write of a peer is under way, nothing is served or skipped.
 */
export const cachePeers = (store: Cached, { maxPeers, now }: PeerStoreCacheOptions): void => {
  const known = createLruMap<{ readonly peer: Peer; readonly at: number }>(maxPeers)
  const writing = new Map<string, number>()
  const stock: Cached = {
    get: store.get.bind(store),
    merge: store.merge.bind(store),
    patch: store.patch.bind(store),
    save: store.save.bind(store),
    delete: store.delete.bind(store),
  }

  const fresh = (id: PeerId): Peer | undefined => {
    const key = id.toString()
    const entry = writing.has(key) ? undefined : known.get(key)
    return entry !== undefined && now() - entry.at < freshMs ? entry.peer : undefined
  }

  const remember = (id: PeerId, peer: Peer): void => {
    // The store drops tags that expire.
    if ([...peer.tags.values()].some(isExpiring)) known.delete(id.toString())
    else known.set(id.toString(), { peer, at: now() })
  }

  /** Runs a write. A peer is only remembered when no other write has begun meanwhile. */
  const write = async <T extends Peer | undefined>(id: PeerId, run: () => Promise<T>): Promise<T> => {
    const key = id.toString()
    known.delete(key)
    writing.set(key, (writing.get(key) ?? 0) + 1)
    let written: T | undefined
    try {
      written = await run()
      return written
    } finally {
      const others = (writing.get(key) ?? 1) - 1
      if (others > 0) writing.set(key, others)
      else {
        writing.delete(key)
        if (written) remember(id, written)
      }
    }
  }

  store.get = async (id, options) => {
    const peer = fresh(id)
    if (peer !== undefined) return copyOf(peer)
    const read = await stock.get(id, options)
    if (!writing.has(id.toString())) remember(id, read)
    return copyOf(read)
  }
  store.merge = async (id, data, options) => {
    const peer = fresh(id)
    if (peer !== undefined && hasAll(peer, data)) return copyOf(peer)
    return copyOf(await write(id, () => stock.merge(id, data, options)))
  }
  store.patch = async (id, data, options) => copyOf(await write(id, () => stock.patch(id, data, options)))
  store.save = async (id, data, options) => copyOf(await write(id, () => stock.save(id, data, options)))
  store.delete = async (id, options) => {
    await write(id, async () => {
      await stock.delete(id, options)
      return undefined
    })
  }
}

/** Tags have an expiry in the store, although their type lacks it. */
const isExpiring = (tag: object): boolean => Reflect.get(tag, 'expiry') !== undefined

/** Callers may change what they receive. */
const copyOf = (peer: Peer): Peer => ({
  ...peer,
  addresses: peer.addresses.map((address) => ({ ...address })),
  protocols: [...peer.protocols],
  metadata: new Map(peer.metadata),
  tags: new Map(peer.tags),
})

/** Whether merging this data into a peer changes nothing. Addresses are left to the store. */
const hasAll = (peer: Peer, { protocols = [], metadata = {}, tags = {}, ...others }: PeerData): boolean =>
  Object.values(others).every((each) => each === undefined) &&
  protocols.every((protocol) => peer.protocols.includes(protocol)) &&
  entriesOf(metadata).every(([key, value]) => isSameBytes(peer.metadata.get(key), value)) &&
  entriesOf(tags).every(([key, tag]) =>
    tag === undefined
      ? !peer.tags.has(key)
      : tag.ttl === undefined && !isExpiring(tag) && peer.tags.get(key)?.value === (tag.value ?? 0),
  )

const entriesOf = <V>(all: Map<string, V> | Record<string, V>): [string, V][] =>
  all instanceof Map ? [...all] : Object.entries(all)

const isSameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.length === b.length && a.every((byte, n) => byte === b[n])
