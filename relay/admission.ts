/** Connections that take up room, such as those that have not finished their handshake, counted per address and in all. */
export interface Admission {
  /** Takes a place for a connection; `evict` ends it when a later one needs the place. */
  enter(address: string, evict: () => void): Place
  /** How many hold a place. */
  size(): number
}

export interface Place {
  /** Gives the place back: the connection needs it no more, or is gone. A second call changes nothing. */
  leave(): void
}

export interface AdmissionLimits {
  perAddress: number
  total: number
}

/**
 * Bounds what strangers hold, above all before they have shown that they speak the protocol.
 *
 * A new connection is always let in, and takes the place of the oldest when there is none left, first of its own
 * address: an honest handshake is done in a fraction of a second, so the oldest is one that waits on purpose. It does
 * not bound how fast connections come.
 */
export const createAdmission = ({ perAddress, total }: AdmissionLimits): Admission => {
  interface Held extends Place {
    evict(): void
  }
  // Sets keep the order of arrival.
  const all = new Set<Held>()
  const byAddress = new Map<string, Set<Held>>()

  const evictOldest = (held: ReadonlySet<Held>): void => {
    const [oldest] = held
    oldest?.leave()
    oldest?.evict()
  }

  return {
    enter(address, evict) {
      const group = groupOf(address)
      const neighbours = byAddress.get(group)
      if (neighbours !== undefined && neighbours.size >= perAddress) evictOldest(neighbours)
      if (all.size >= total) evictOldest(all)
      const held: Held = {
        evict,
        leave() {
          all.delete(held)
          const members = byAddress.get(group)
          members?.delete(held)
          if (members?.size === 0) byAddress.delete(group)
        },
      }
      all.add(held)
      byAddress.set(group, (byAddress.get(group) ?? new Set()).add(held))
      return held
    },
    size: () => all.size,
  }
}

/** An IPv4 address, mapped into IPv6 or not, counts by itself; of IPv6 one customer has a /64, so that counts as one. */
const groupOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [front = '', back] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::')
  const first = front === '' ? [] : front.split(':')
  const last = back === undefined || back === '' ? [] : back.split(':')
  const zeros = back === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  return [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')
}
