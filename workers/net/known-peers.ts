import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { shortList, timestamp } from '../protocol/fields.ts'
import type { Store } from '../store/store.ts'
import { isRelayed, peerOf } from './addresses.ts'

/**
 * Peers that this profile was directly connected to, with their own addresses and those through their last relays. A
 * reopened tab dials them before any relay has named a peer.
 *
 * The stored list is bounded and treated as hostile when read: a list that does not decode counts as empty, and a peer
 * that does not parse is skipped. Known peers are only dialled; the handshake proves their identity. Peers of the last
 * seconds may be missing.
 */
export interface KnownPeers {
  /** Returns the stored peers, the last seen first; empty when nothing usable is stored. Never rejects. */
  load(): Promise<PeerInfo[]>
  /** Records peers that have been connected directly for a while. Writes a little later. */
  record(peers: readonly PeerInfo[]): void
  /** Removes a peer that broke the rules. */
  forget(peer: string): void
  stop(): Promise<void>
}

export interface KnownPeersDependencies {
  store: Pick<Store, 'get' | 'write'>
  /** Time since the epoch (ms). */
  now(): number
}

/** Twice as many as can be connected: some will be gone when the tab reopens. */
const maxPeers = 48

/** Addresses through a few relays, and the peer's own. */
const maxAddresses = 6

/** A multiaddr through a relay with a long name and two peer ids has some 250 characters. */
const maxAddressCharacters = 400
const maxPeerIdCharacters = 128

/** Age after which a peer probably has another key or other relays (ms). */
const staleMs = 30 * 86_400_000

/** Delay that collects changes into one write (ms). */
const writeDelayMs = 5_000

const key = 'remembered'

interface StoredPeer {
  readonly id: string
  readonly addresses: readonly string[]
  readonly seenAt: number
}

interface KnownPeersRecord {
  readonly v: 1
  readonly peers: readonly StoredPeer[]
}

const text = (maxCharacters: number) =>
  v.pipe(v.string('a text is expected'), v.maxLength(maxCharacters, 'the text is too long'))

export const knownPeersCodec = createCodec<KnownPeersRecord>({
  name: 'list of known peers',
  version: 1,
  maxBytes: 160 * 1024,
  maxItems: maxPeers * (2 * maxAddresses + 8) + 16,
  schema: v.strictObject({
    v: v.literal(1),
    peers: shortList(
      v.strictObject({
        id: text(maxPeerIdCharacters),
        addresses: shortList(text(maxAddressCharacters), 1, maxAddresses),
        seenAt: timestamp,
      }),
      0,
      maxPeers,
    ),
  }),
})

export const createKnownPeers = ({ store, now }: KnownPeersDependencies): KnownPeers => {
  const byPeer = new Map<string, StoredPeer>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const newestFirst = (): StoredPeer[] => [...byPeer.values()].sort((a, b) => b.seenAt - a.seenAt)

  const write = async (): Promise<void> => {
    timer = undefined
    const peers = newestFirst().slice(0, maxPeers)
    // If the write fails, the next start finds its peers through a relay.
    await store.write([{ table: 'peers', key, value: knownPeersCodec.encode({ v: 1, peers }) }]).catch(() => {})
  }

  const writeSoon = (): void => {
    if (!stopped) timer ??= setTimeout(write, writeDelayMs)
  }

  return {
    async load() {
      const bytes = await store.get('peers', key).catch(() => undefined)
      const read = bytes === undefined ? undefined : knownPeersCodec.decode(bytes)
      if (!read?.ok) return []
      const found: PeerInfo[] = []
      for (const peer of [...read.value.peers].sort((a, b) => b.seenAt - a.seenAt)) {
        if (now() - peer.seenAt > staleMs) continue
        const info = toInfo(peer)
        if (info === undefined) continue
        found.push(info)
        // A clock that was ahead must not keep a peer forever. A peer recorded since the start is newer.
        if (!byPeer.has(peer.id)) byPeer.set(peer.id, { ...peer, seenAt: Math.min(peer.seenAt, now()) })
      }
      return found
    },
    record(peers) {
      for (const { id, multiaddrs } of peers) {
        const addresses = [...new Set(multiaddrs.filter((address) => !isRelayed(address)).map(String))]
          .filter((address) => address.length <= maxAddressCharacters)
          .slice(0, maxAddresses)
        if (addresses.length > 0) byPeer.set(id.toString(), { id: id.toString(), addresses, seenAt: now() })
      }
      for (const { id } of newestFirst().slice(maxPeers)) byPeer.delete(id)
      if (peers.length > 0) writeSoon()
    },
    forget(peer) {
      if (byPeer.delete(peer)) writeSoon()
    },
    async stop() {
      stopped = true
      if (timer === undefined) return
      clearTimeout(timer)
      await write()
    },
  }
}

/** Returns undefined unless the peer parses and has a usable address. */
const toInfo = ({ id, addresses }: StoredPeer): PeerInfo | undefined => {
  try {
    const multiaddrs = addresses.flatMap((address) => parse(address, id))
    return multiaddrs.length === 0 ? undefined : { id: peerIdFromString(id), multiaddrs }
  } catch {
    return undefined
  }
}

/** Returns nothing for an address that leads to another peer. */
const parse = (address: string, id: string): Multiaddr[] => {
  try {
    const parsed = multiaddr(address)
    const last = parsed.getComponents().at(-1)
    const leadsElsewhere = last?.name === 'p2p' && peerOf(parsed) !== id
    return leadsElsewhere || isRelayed(parsed) ? [] : [parsed]
  } catch {
    return []
  }
}
