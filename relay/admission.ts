/** Limits connections, such as those with an unfinished handshake, per address and in total. */
export interface Admission {
  /** Grants a permit; `evict` closes the connection when a later one needs its permit. */
  admit(address: string, evict: () => void): Permit
  /** Permits in use. */
  size(): number
}

export interface Permit {
  /** Returns the permit once the connection no longer counts or has closed. Idempotent. */
  release(): void
}

export interface AdmissionLimits {
  perAddress: number
  total: number
}

/**
 * Bounds the resources that strangers can hold, above all before they have completed a handshake.
 *
 * A new connection is always admitted. When no permit is left, it evicts the oldest connection, of its own address
 * first: an honest handshake takes a fraction of a second, so the oldest one stalls on purpose. The rate of new
 * connections is not bounded.
 */
export const createAdmission = ({ perAddress, total }: AdmissionLimits): Admission => {
  interface Held extends Permit {
    evict(): void
  }
  // Sets keep insertion order.
  const all = new Set<Held>()
  const byAddress = new Map<string, Set<Held>>()

  const evictOldest = (held: ReadonlySet<Held>): void => {
    const [oldest] = held
    oldest?.release()
    oldest?.evict()
  }

  return {
    admit(address, evict) {
      const group = groupOf(address)
      const neighbours = byAddress.get(group)
      if (neighbours !== undefined && neighbours.size >= perAddress) evictOldest(neighbours)
      if (all.size >= total) evictOldest(all)
      const held: Held = {
        evict,
        release() {
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

/** Groups IPv6 addresses by /64, which is what one customer gets; each IPv4 address, mapped or not, is its own group. */
export const groupOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!address.includes(':')) return address
  const [front = '', back] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::')
  const first = front === '' ? [] : front.split(':')
  const last = back === undefined || back === '' ? [] : back.split(':')
  const zeros = back === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  return [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')
}
