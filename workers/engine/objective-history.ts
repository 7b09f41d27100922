/**
 * Cumulative figures, one a minute, so that those of the last hour are a difference.
 *
 * Times come from a monotonic clock, so a changed system clock has no effect. A tab that was frozen adds nothing in that
 * time: the next figures are compared with those from before the freeze, between which nothing happened.
 */
export interface FigureHistory<Figures> {
  /** Keeps `figures`, unless others of this minute are kept. */
  add(figures: Figures): void
  /** The newest figures that are at least an hour old; undefined in the first hour, which began with none. */
  hourAgo(): Figures | undefined
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** @param now Monotonic (ms). */
export const createFigureHistory = <Figures>(now: () => number): FigureHistory<Figures> => {
  /** Oldest first, at most 61: only the first may be older than an hour. */
  const kept: { at: number; figures: Figures }[] = []

  const forgetOlder = (): void => {
    const limit = now() - hourMs
    while ((kept[1]?.at ?? Number.POSITIVE_INFINITY) <= limit) kept.shift()
  }

  return {
    add(figures) {
      const at = now()
      if (at - (kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= minuteMs) kept.push({ at, figures })
      forgetOlder()
    },
    hourAgo() {
      forgetOlder()
      const first = kept[0]
      return first !== undefined && first.at <= now() - hourMs ? first.figures : undefined
    },
  }
}
