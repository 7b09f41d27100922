import type { RawMessage } from '../libp2p-internals/gossipsub.ts'

export interface RecentAnnouncement {
  readonly packageId: string
  readonly publisher: string
  /** Where it came from, as the address of the machine. */
  readonly source: string
  readonly message: RawMessage
}

export interface RecentAnnouncementsLimits {
  readonly maxCount: number
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/**
 * What a crowd of newcomers may have missed: an announcement has some 2 KB, so that even a busy minute fits; after ten
 * minutes everybody has met somebody with a catalogue.
 */
const recentAnnouncementsLimits: RecentAnnouncementsLimits = { maxCount: 64, maxBytes: 256 * 1024, maxAgeMs: 600_000 }

interface Kept extends RecentAnnouncement {
  readonly at: number
  readonly size: number
}

type Weight = (news: Kept) => number

export interface RecentAnnouncements {
  add(news: RecentAnnouncement): void
  /** The newest first. */
  list(): RawMessage[]
  bytes(): number
}

/**
 * The newest announcement of each of the packages that had news last, within limits. Over the number or the
 * bytes, the source with the most of them loses the oldest one of its publisher with the most: a stranger with many
 * identities pushes out its own news, and those of others that share its address.
 *
 * @param now ms, never going back.
 */
export const createRecentAnnouncements = (
  now: () => number,
  limits: RecentAnnouncementsLimits = recentAnnouncementsLimits,
): RecentAnnouncements => {
  /** By package, the oldest first. */
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
    add(news) {
      remove(news.packageId)
      dropStale()
      const size = news.message.data.length
      kept.set(news.packageId, { ...news, at: now(), size })
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

/** Those of the group that weighs most, in their order. */
const heaviest = (all: readonly Kept[], groupOf: (news: Kept) => string, weightOf: Weight): Kept[] => {
  const weights = new Map<string, number>()
  for (const news of all) weights.set(groupOf(news), (weights.get(groupOf(news)) ?? 0) + weightOf(news))
  const most = [...weights].reduce((best, each) => (each[1] > best[1] ? each : best), ['', -1] as const)
  return all.filter((news) => groupOf(news) === most[0])
}
