/**
 * Which piece to ask which source for, and how many at a time. Pure: it is told what happened and when.
 *
 * Pieces are asked for about in their order, each from one source, until none is left that nobody was asked for. Then
 * a source that has nothing to do takes over what it would bring sooner than the one that was asked (the endgame), so
 * that the slowest source does not hold the end. What a source cannot bring goes back to the others.
 */
export interface Schedule {
  /** Pieces that did not arrive yet. */
  readonly left: number
  /**
   * The pieces to ask `source` for now, in one request, ascending; they then count as asked. None when nothing fits, or
   * while over half of what it may be asked for is still to come: each request costs both ends. `most` bounds how many
   * it is asked for at a time.
   */
  next(source: string, most?: number): number[]
  /** Bytes of a piece came from `source`: how long they took, ms, and whether they are the first for that piece. */
  arrived(source: string, piece: number): { first: boolean; ms: number }
  /** What had arrived was not the piece. */
  rejected(piece: number): void
  /** `source` does not hold the piece. */
  absent(source: string, piece: number): void
  /** `source` is gone: what it was asked for is open again. */
  lost(source: string): void
  /** `source` is asked for nothing now. */
  isIdle(source: string): boolean
  /** `source` is asked for nothing, and holds none of the pieces that are left. */
  isUseless(source: string): boolean
}

/**
 * Most pieces asked of one source at a time: 2 MiB, so that the sender has something to send while a request is on its
 * way through threads and processes, and half of the 4 MiB that a stream holds for a reader who is late.
 */
const maxWindow = 8

/** Pieces asked of a source whose pace is not known yet: one on its way while the other is read. */
const firstWindow = 2

/** A source is asked for about this much work at a time, ms: more would be taken over again in the end. */
const windowMs = 2_000

/** Weight of the newest piece in a source's pace: about its last five pieces count. */
const paceWeight = 0.3

/** What a source without any piece yet is thought to take for one, ms: 256 KiB at 1 MB/s. */
const unknownPaceMs = 250

/** Sources asked for one piece at most: a third helps when two of them stall, more would only be waste. */
const maxAskers = 3

interface SourceState {
  /** When each piece was asked for, oldest first. */
  asked: Map<number, number>
  absent: Set<number>
  /** Of the last arrival, ms. */
  arrivedAt: number
  /** Smoothed ms a piece. */
  pace: number | undefined
}

export const createSchedule = (pieces: readonly number[], now: () => number): Schedule => {
  const missing = new Set(pieces)
  const askersByPiece = new Map<number, Set<string>>()
  const sources = new Map<string, SourceState>()

  const stateOf = (source: string): SourceState => {
    const known = sources.get(source)
    if (known !== undefined) return known
    const fresh: SourceState = { asked: new Map(), absent: new Set(), arrivedAt: 0, pace: undefined }
    sources.set(source, fresh)
    return fresh
  }

  /** Ms until `source` will probably bring a piece that it was asked for. */
  const expected = (source: string, piece: number): number => {
    const { asked, pace, arrivedAt } = stateOf(source)
    let place = 0
    for (const other of asked.keys()) {
      place += 1
      if (other === piece) break
    }
    const planned = place * (pace ?? unknownPaceMs)
    const waited = now() - Math.max(arrivedAt, asked.get(piece) ?? 0)
    // Overdue: what is late for a time will probably be late for about that time again.
    return Math.max(planned - waited, waited - planned)
  }

  const takeOver = (state: SourceState): number | undefined => {
    const own = (state.asked.size + 1) * (state.pace ?? unknownPaceMs)
    let worst: number | undefined
    let worstMs = own
    for (const [piece, askers] of askersByPiece) {
      if (askers.size >= maxAskers || state.asked.has(piece) || state.absent.has(piece)) continue
      const soonest = Math.min(...[...askers].map((asker) => expected(asker, piece)))
      if (soonest <= worstMs) continue
      worst = piece
      worstMs = soonest
    }
    return worst
  }

  const forget = (source: string, piece: number): void => {
    const askers = askersByPiece.get(piece)
    if (askers?.delete(source) === true && askers.size === 0) askersByPiece.delete(piece)
  }

  /** Pieces in their order: those that went back to the missing ones stand at the end of the set. */
  const firstOpen = ({ asked, absent }: SourceState): number | undefined => {
    let first: number | undefined
    for (const piece of missing) {
      if (askersByPiece.has(piece) || asked.has(piece) || absent.has(piece)) continue
      if (first === undefined || piece < first) first = piece
    }
    return first
  }

  return {
    get left() {
      return missing.size
    },

    next(source, most = maxWindow) {
      const state = stateOf(source)
      const planned = state.pace === undefined ? firstWindow : Math.max(1, Math.round(windowMs / state.pace))
      const window = Math.min(maxWindow, most, planned)
      const free = window - state.asked.size
      const pieces: number[] = []
      if (free < window / 2) return pieces
      while (pieces.length < free) {
        const piece = firstOpen(state) ?? takeOver(state)
        if (piece === undefined) break
        state.asked.set(piece, now())
        const askers = askersByPiece.get(piece) ?? new Set()
        askersByPiece.set(piece, askers.add(source))
        pieces.push(piece)
      }
      pieces.sort((a, b) => a - b)
      // They are answered in this order, whatever the one in which they were taken over.
      for (const piece of pieces) {
        state.asked.delete(piece)
        state.asked.set(piece, now())
      }
      return pieces
    },

    arrived(source, piece) {
      const state = stateOf(source)
      const at = now()
      const ms = at - Math.max(state.arrivedAt, state.asked.get(piece) ?? at)
      state.asked.delete(piece)
      state.arrivedAt = at
      state.pace = state.pace === undefined ? ms : state.pace + paceWeight * (ms - state.pace)
      // The others' bytes for it may still come; they are no longer waited for.
      askersByPiece.delete(piece)
      return { first: missing.delete(piece), ms }
    },

    rejected(piece) {
      missing.add(piece)
    },

    absent(source, piece) {
      const state = stateOf(source)
      state.asked.delete(piece)
      state.absent.add(piece)
      forget(source, piece)
    },

    lost(source) {
      for (const piece of stateOf(source).asked.keys()) forget(source, piece)
      sources.delete(source)
    },

    isIdle: (source) => stateOf(source).asked.size === 0,

    isUseless(source) {
      const { asked, absent } = stateOf(source)
      return asked.size === 0 && [...missing].every((piece) => absent.has(piece))
    },
  }
}
