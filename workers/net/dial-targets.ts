import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Peers worth dialling, with exponential backoff after failures. Bounded: a full set evicts the peer that failed most
 * often. Pure except for its clock and random source.
 */

/** Backoff after the first failed dial (ms); it doubles with each failure. */
const firstBackoffMs = 2_000
const maxBackoffMs = 300_000

/** Backoffs vary by a factor of 0.75 to 1.25, so that peers that failed together are not retried together. */
const backoffSpread = 0.5

/** Addresses kept per peer: the limit of a libp2p dial. */
const maxAddresses = 10

export interface DialTarget {
  readonly peer: string
  readonly addresses: readonly Multiaddr[]
}

export interface DialTargets {
  /** Returns false without an address or room for the peer. Newer addresses precede older ones. */
  add(peer: string, addresses: readonly Multiaddr[]): boolean
  /** Returns the targets that may be dialled now, in random order. */
  due(): DialTarget[]
  /** Returns when the next wanted target is due, by the given clock; Infinity if none is. */
  nextAt(isWanted: (peer: string) => boolean): number
  /** Counts a failure and backs off, for at least `minBackoffMs`. */
  failed(peer: string, minBackoffMs?: number): void
  /** Number of failed dials since the last success. */
  failures(peer: string): number
  forget(peer: string): void
  reached(peer: string): void
  /** Delays the next dial without counting a failure. */
  postpone(peer: string, ms: number): void
  /** Makes all targets due: the network may have changed. */
  clearBackoffs(): void
  has(peer: string): boolean
  readonly size: number
}

export const createDialTargets = (options: { max: number; now(): number; random(): number }): DialTargets => {
  const { max, now, random } = options
  const targets = new Map<string, Entry>()

  /** Evicts the target that failed most often; returns false if none failed. */
  const evictOne = (): boolean => {
    const [worst] = [...targets].sort(([, a], [, b]) => b.failures - a.failures)
    return worst !== undefined && worst[1].failures > 0 && targets.delete(worst[0])
  }

  return {
    add(peer, heard) {
      const addresses = heard.slice(0, maxAddresses)
      if (addresses.length === 0) return false
      const entry = targets.get(peer)
      if (entry !== undefined) {
        // Addresses from one source must not evict those from another.
        const all = new Map([...addresses, ...entry.addresses].map((address) => [address.toString(), address]))
        entry.addresses = [...all.values()].slice(0, maxAddresses)
        return true
      }
      if (targets.size >= max && !evictOne()) return false
      targets.set(peer, { addresses, failures: 0, notBefore: 0, order: 0 })
      return true
    },
    due() {
      const time = now()
      const due = [...targets].filter(([, { notBefore }]) => notBefore <= time)
      for (const [, entry] of due) entry.order = random()
      return due.sort(([, a], [, b]) => a.order - b.order).map(([peer, { addresses }]) => ({ peer, addresses }))
    },
    nextAt(isWanted) {
      const time = now()
      let next = Number.POSITIVE_INFINITY
      for (const [peer, { notBefore }] of targets)
        if (notBefore > time && notBefore < next && isWanted(peer)) next = notBefore
      return next
    },
    failed(peer, minBackoffMs = 0) {
      const entry = targets.get(peer)
      if (entry === undefined) return
      entry.failures += 1
      const backoff = Math.min(firstBackoffMs * 2 ** (entry.failures - 1), maxBackoffMs)
      entry.notBefore = now() + Math.max(minBackoffMs, backoff * (1 - backoffSpread / 2 + random() * backoffSpread))
    },
    failures: (peer) => targets.get(peer)?.failures ?? 0,
    forget(peer) {
      targets.delete(peer)
    },
    reached(peer) {
      const entry = targets.get(peer)
      if (entry !== undefined) entry.failures = 0
    },
    postpone(peer, ms) {
      const entry = targets.get(peer)
      if (entry !== undefined) entry.notBefore = now() + ms
    },
    clearBackoffs() {
      for (const entry of targets.values()) entry.notBefore = 0
    },
    has: (peer) => targets.has(peer),
    get size() {
      return targets.size
    },
  }
}

interface Entry {
  addresses: readonly Multiaddr[]
  failures: number
  notBefore: number
  /** Random rank from the last `due`. */
  order: number
}
