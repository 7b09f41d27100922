import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Peers that may be dialled, with when: one that could not be reached is left alone for a while, longer each time.
 * Bounded; when it is full, who failed most often makes room. Pure but for the clock and the dice that it is given.
 */

/** After a failed dial a peer is left alone this long, ms, doubled each time. */
const firstBackoffMs = 2_000
const maxBackoffMs = 300_000

/** Each backoff is taken times 0.75 to 1.25, so that peers which failed together are not tried together. */
const backoffSpread = 0.5

/** What a peer is heard to be reached by; a libp2p dial tries no more. */
const maxAddresses = 10

export interface DialTarget {
  readonly peer: string
  readonly addresses: readonly Multiaddr[]
}

export interface DialTargets {
  /** True when it is kept: there is an address, and room. Newer addresses go before older ones. */
  add(peer: string, addresses: readonly Multiaddr[]): boolean
  /** Those whose time has come, in random order. */
  due(): DialTarget[]
  /** When the next one of the others is due, by the given clock; Infinity when there is none. */
  nextAt(isWanted: (peer: string) => boolean): number
  /** It is left alone for a while, and for `leastMs` at least. */
  failed(peer: string, leastMs?: number): void
  /** Failed dials since the last that succeeded. */
  failures(peer: string): number
  forget(peer: string): void
  reached(peer: string): void
  /** Leaves it alone for a while, without blame. */
  postpone(peer: string, ms: number): void
  /** All are due now: the network may be another one. */
  hurry(): void
  has(peer: string): boolean
  readonly size: number
}

export const createDialTargets = (options: { max: number; now(): number; random(): number }): DialTargets => {
  const { max, now, random } = options
  const known = new Map<string, Entry>()

  /** Makes room by forgetting the one that failed most often; false when none failed. */
  const forgetOne = (): boolean => {
    const [worst] = [...known].sort(([, a], [, b]) => b.failures - a.failures)
    return worst !== undefined && worst[1].failures > 0 && known.delete(worst[0])
  }

  return {
    add(peer, heard) {
      const addresses = heard.slice(0, maxAddresses)
      if (addresses.length === 0) return false
      const entry = known.get(peer)
      if (entry !== undefined) {
        // What one peer names must not push out what another one named.
        const all = new Map([...addresses, ...entry.addresses].map((address) => [address.toString(), address]))
        entry.addresses = [...all.values()].slice(0, maxAddresses)
        return true
      }
      if (known.size >= max && !forgetOne()) return false
      known.set(peer, { addresses, failures: 0, notBefore: 0, order: 0 })
      return true
    },
    due() {
      const time = now()
      const due = [...known].filter(([, { notBefore }]) => notBefore <= time)
      for (const [, entry] of due) entry.order = random()
      return due.sort(([, a], [, b]) => a.order - b.order).map(([peer, { addresses }]) => ({ peer, addresses }))
    },
    nextAt(isWanted) {
      const time = now()
      let next = Number.POSITIVE_INFINITY
      for (const [peer, { notBefore }] of known)
        if (notBefore > time && notBefore < next && isWanted(peer)) next = notBefore
      return next
    },
    failed(peer, leastMs = 0) {
      const entry = known.get(peer)
      if (entry === undefined) return
      entry.failures += 1
      const backoff = Math.min(firstBackoffMs * 2 ** (entry.failures - 1), maxBackoffMs)
      entry.notBefore = now() + Math.max(leastMs, backoff * (1 - backoffSpread / 2 + random() * backoffSpread))
    },
    failures: (peer) => known.get(peer)?.failures ?? 0,
    forget(peer) {
      known.delete(peer)
    },
    reached(peer) {
      const entry = known.get(peer)
      if (entry !== undefined) entry.failures = 0
    },
    postpone(peer, ms) {
      const entry = known.get(peer)
      if (entry !== undefined) entry.notBefore = now() + ms
    },
    hurry() {
      for (const entry of known.values()) entry.notBefore = 0
    },
    has: (peer) => known.has(peer),
    get size() {
      return known.size
    },
  }
}

interface Entry {
  addresses: readonly Multiaddr[]
  failures: number
  notBefore: number
  /** Dice of the last `due`. */
  order: number
}
