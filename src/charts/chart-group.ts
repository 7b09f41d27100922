import type { TimeRange } from './chart-data.ts'

/** What all charts of a page share: the time under the cursor, and the stretch of time that was zoomed into. */
export interface ChartGroup {
  /** Time under the cursor (ms since the epoch); undefined without. */
  cursor(): number | undefined
  setCursor(time: number | undefined): void
  /** Undefined: the range chosen above, which moves on. */
  zoom(): TimeRange | undefined
  setZoom(range: TimeRange | undefined): void
  subscribe(listener: (change: 'cursor' | 'zoom') => void): () => void
}

/** Shortest stretch of time to zoom into (ms). */
const shortestMs = 5_000

export const createChartGroup = (): ChartGroup => {
  const listeners = new Set<(change: 'cursor' | 'zoom') => void>()
  let cursor: number | undefined
  let zoom: TimeRange | undefined
  const tell = (change: 'cursor' | 'zoom'): void => {
    for (const listener of listeners) listener(change)
  }
  return {
    cursor: () => cursor,
    setCursor(time) {
      if (time === cursor) return
      cursor = time
      tell('cursor')
    },
    zoom: () => zoom,
    setZoom(range) {
      if (range === undefined && zoom === undefined) return
      zoom = range
      tell('zoom')
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/**
 * Half (`+`) or twice (`-`) the time shown, with `around` at its place; never beyond `whole`: undefined is all of it.
 */
export const zoomed = (
  shown: TimeRange,
  around: number,
  direction: '+' | '-',
  whole: TimeRange,
): TimeRange | undefined => {
  const length = shown.to - shown.from
  const wanted = Math.max(shortestMs, direction === '+' ? length / 2 : length * 2)
  if (wanted >= whole.to - whole.from) return undefined
  const share = length > 0 ? (Math.min(Math.max(around, shown.from), shown.to) - shown.from) / length : 0.5
  const from = Math.min(Math.max(around - share * wanted, whole.from), whole.to - wanted)
  return { from, to: from + wanted }
}
