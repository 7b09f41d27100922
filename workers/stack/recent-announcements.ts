import type { RawMessage } from '../libp2p-internals/gossipsub.ts'

export interface RecentAnnouncement {
  readonly packageId: string
  readonly publisher: string
  /** The machine that sent it, by its address. */
  readonly source: string
  readonly message: RawMessage
}

export interface RecentAnnouncementsLimits {
  readonly maxCount: number
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/**
 * Covers what a crowd of new tabs may have missed: an announcement has some 2 KB, so even a busy minute fits; after ten
 * minutes every tab has met a peer with a catalogue.
 */
const recentAnnouncementsLimits: RecentAnnouncementsLimits = { maxCount: 64, maxBytes: 256 * 1024, maxAgeMs: 600_000 }

interface Kept extends RecentAnnouncement {
  readonly at: number
  readonly size: number
}

type Weight = (announcement: Kept) => number

export interface RecentAnnouncements {
  add(announcement: RecentAnnouncement): void
  /** Newest first. */
  list(): RawMessage[]
  bytes(): number
}

/**
 * The newest announcement of each recently announced package, within limits. Over a limit, the source with the largest
 * share loses the oldest announcement of its largest publisher: a source with many identities evicts only its own and
 * those behind the same address.
 *
 * @param now Monotonic clock (ms).
 */
export const createRecentAnnouncements = (
  now: () => number,
  limits: RecentAnnouncementsLimits = recentAnnouncementsLimits,
): RecentAnnouncements => {
  /** By package, oldest first. */
  const kept = new Map<string, Kept>()
  let bytes = 0

  const remove = (packageId: string): void => {
    bytes -= kept.get(packageId)?.size ?? 0
    kept.delete(packageId)
  }

  const dropStale = (): void => {
    for (const { packageId, at } of kept.values()) if (now() - at > limits.maxAgeMs) remove(packageId)
  }

  const shrink = (weightOf: Weight): void => {
    const ofSource = heaviest([...kept.values()], ({ source }) => source, weightOf)
    const [oldest] = heaviest(ofSource, ({ publisher }) => publisher, weightOf)
    if (oldest !== undefined) remove(oldest.packageId)
  }

  return {
    add(announcement) {
      remove(announcement.packageId)
      dropStale()
      const size = announcement.message.data.length
      kept.set(announcement.packageId, { ...announcement, at: now(), size })
      bytes += size
      while (kept.size > limits.maxCount) shrink(() => 1)
      while (bytes > limits.maxBytes) shrink(({ size }) => size)
    },
    list() {
      dropStale()
      return [...kept.values()].reverse().map(({ message }) => message)
    },
    bytes: () => bytes,
  }
}

/** The announcements of the heaviest group, in their order. */
const heaviest = (all: readonly Kept[], groupOf: (announcement: Kept) => string, weightOf: Weight): Kept[] => {
  const weights = new Map<string, number>()
  for (const announcement of all)
    weights.set(groupOf(announcement), (weights.get(groupOf(announcement)) ?? 0) + weightOf(announcement))
  const most = [...weights].reduce((best, each) => (each[1] > best[1] ? each : best), ['', -1] as const)
  return all.filter((announcement) => groupOf(announcement) === most[0])
}
