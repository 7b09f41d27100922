import type { PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { shortList, timestamp } from '../protocol/fields.ts'
import type { Store } from '../store/store.ts'
import { isRelayed, peerOf } from './addresses.ts'

/**
 * Peers that this profile was directly connected to, with the addresses they had: those through the relays they were
 * last seen at, and their own. A tab that opens again dials them before any relay has told it of anybody.
 *
 * What is stored is bounded, and hostile when it is read: what does not decode is nothing, a peer that does not parse is
 * left out. A remembered peer is only dialled; who answers proves by its key that it is the one. Not guaranteed: that the
 * last seconds are remembered.
 */
export interface KnownPeers {
  /** The one seen last comes first; empty when nothing usable is stored. Never rejects. */
  load(): Promise<PeerInfo[]>
  /** These are connected directly now, and were for a while. Written a little later. */
  see(peers: readonly PeerInfo[]): void
  /** A peer that broke the rules. */
  forget(peer: string): void
  stop(): Promise<void>
}

export interface KnownPeersDependencies {
  store: Pick<Store, 'get' | 'write'>
  /** Ms since the epoch. */
  now(): number
}

/** Twice as many as are ever connected: the rest may be closed when the tab opens again. */
const maxPeers = 48

/** Through a few relays, and its own. */
const maxAddresses = 6

/** A multiaddr through a relay with a long name and two peer ids has some 250 characters. */
const maxAddressCharacters = 400
const maxPeerIdCharacters = 128

/** Peers that were not met for so long have other keys or other relays by now, ms. */
const staleMs = 30 * 86_400_000

/** What changed is written so much later, ms, together with the rest. */
const writeDelayMs = 5_000

const key = 'remembered'

interface Remembered {
  readonly id: string
  readonly addresses: readonly string[]
  readonly seenAt: number
}

interface RememberedRecord {
  readonly v: 1
  readonly peers: readonly Remembered[]
}

const text = (maxCharacters: number) =>
  v.pipe(v.string('a text is expected'), v.maxLength(maxCharacters, 'the text is too long'))

export const knownPeersCodec = createCodec<RememberedRecord>({
  name: 'list of remembered peers',
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
  const byPeer = new Map<string, Remembered>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  const newestFirst = (): Remembered[] => [...byPeer.values()].sort((a, b) => b.seenAt - a.seenAt)

  const write = async (): Promise<void> => {
    timer = undefined
    const peers = newestFirst().slice(0, maxPeers)
    // Where it cannot be written, the next start finds its peers through a relay.
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
        // A clock that was ahead must not keep a peer for good; one met meanwhile is newer.
        if (!byPeer.has(peer.id)) byPeer.set(peer.id, { ...peer, seenAt: Math.min(peer.seenAt, now()) })
      }
      return found
    },
    see(peers) {
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

/** Undefined for what is no peer with an address of its own. */
const toInfo = ({ id, addresses }: Remembered): PeerInfo | undefined => {
  try {
    const multiaddrs = addresses.flatMap((address) => parse(address, id))
    return multiaddrs.length === 0 ? undefined : { id: peerIdFromString(id), multiaddrs }
  } catch {
    return undefined
  }
}

/** An address that leads to another peer than it is kept for is none. */
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
