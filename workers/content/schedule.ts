/**
 * Piece scheduler: assigns pieces to sources and bounds the outstanding requests of each. Pure.
 *
 * Requests pieces roughly in ascending order, each from one source, until every missing piece is requested. In the
 * endgame an idle source then duplicates requests that it will probably answer sooner, so that the slowest source does
 * not delay completion. Pieces that a source cannot deliver return to the others.
 */
export interface Schedule {
  /** Number of missing pieces. */
  readonly left: number
  /**
   * Assigns pieces to `source` for one request, ascending, and marks them as requested. Empty when no piece is suitable,
   * or while more than half of its window is outstanding: each request costs both ends. `maxOutstanding` caps the window.
   */
  next(source: string, maxOutstanding?: number): number[]
  /** Records a piece received from `source`. Returns its transfer time (ms) and whether it is the first copy. */
  arrived(source: string, piece: number): { first: boolean; ms: number }
  /** Marks a received piece as missing again, because it failed verification. */
  rejected(piece: number): void
  /** Records that `source` does not have the piece. */
  absent(source: string, piece: number): void
  /** Removes `source`; its outstanding pieces become available again. */
  lost(source: string): void
  /** Whether `source` has no outstanding pieces. */
  isIdle(source: string): boolean
  /** Whether `source` is idle and has none of the missing pieces. */
  isExhausted(source: string): boolean
}

/**
 * Maximum outstanding pieces per source: 2 MiB keeps the sender busy while a request crosses threads and processes, and
 * is half of the 4 MiB that a stream buffers for a slow reader.
 */
const maxWindow = 8

/** Window of a source that has not been measured yet: one piece in flight while the other is read. */
const initialWindow = 2

/** Target duration of a source's outstanding work (ms): more would be duplicated in the endgame. */
const windowMs = 2_000

/** Weight of the newest sample in the moving average: about the last five pieces count. */
const sampleWeight = 0.3

/** Assumed time per piece of an unmeasured source (ms): 256 KiB at 1 MB/s. */
const assumedMsPerPiece = 250

/** Maximum sources per piece: a third helps when two stall, more would be waste. */
const maxRequestsPerPiece = 3

interface SourceState {
  /** Request time by outstanding piece, oldest first. */
  outstanding: Map<number, number>
  absent: Set<number>
  /** Time of the last arrival (ms). */
  arrivedAt: number
  /** Moving average of the time per piece (ms). */
  msPerPiece: number | undefined
}

export const createSchedule = (pieces: readonly number[], now: () => number): Schedule => {
  const missing = new Set(pieces)
  const requestersByPiece = new Map<number, Set<string>>()
  const sources = new Map<string, SourceState>()

  const stateOf = (source: string): SourceState => {
    const existing = sources.get(source)
    if (existing !== undefined) return existing
    const added: SourceState = { outstanding: new Map(), absent: new Set(), arrivedAt: 0, msPerPiece: undefined }
    sources.set(source, added)
    return added
  }

  /** Estimated time until `source` delivers an outstanding piece (ms). */
  const expectedMs = (source: string, piece: number): number => {
    const { outstanding, msPerPiece, arrivedAt } = stateOf(source)
    let position = 0
    for (const other of outstanding.keys()) {
      position += 1
      if (other === piece) break
    }
    const planned = position * (msPerPiece ?? assumedMsPerPiece)
    const waited = now() - Math.max(arrivedAt, outstanding.get(piece) ?? 0)
    // An overdue piece is assumed to take about as long again as it is overdue.
    return Math.max(planned - waited, waited - planned)
  }

  /** The outstanding piece of other sources that this one would improve most. */
  const findDuplicate = (state: SourceState): number | undefined => {
    const own = (state.outstanding.size + 1) * (state.msPerPiece ?? assumedMsPerPiece)
    let latest: number | undefined
    let latestMs = own
    for (const [piece, requesters] of requestersByPiece) {
      if (requesters.size >= maxRequestsPerPiece || state.outstanding.has(piece) || state.absent.has(piece)) continue
      const soonest = Math.min(...[...requesters].map((requester) => expectedMs(requester, piece)))
      if (soonest <= latestMs) continue
      latest = piece
      latestMs = soonest
    }
    return latest
  }

  const releasePiece = (source: string, piece: number): void => {
    const requesters = requestersByPiece.get(piece)
    if (requesters?.delete(source) === true && requesters.size === 0) requestersByPiece.delete(piece)
  }

  /** Lowest unrequested piece; the set is not in order, because rejected pieces are added again at its end. */
  const firstUnrequested = ({ outstanding, absent }: SourceState): number | undefined => {
    let first: number | undefined
    for (const piece of missing) {
      if (requestersByPiece.has(piece) || outstanding.has(piece) || absent.has(piece)) continue
      if (first === undefined || piece < first) first = piece
    }
    return first
  }

  return {
    get left() {
      return missing.size
    },

    next(source, maxOutstanding = maxWindow) {
      const state = stateOf(source)
      const planned =
        state.msPerPiece === undefined ? initialWindow : Math.max(1, Math.round(windowMs / state.msPerPiece))
      const window = Math.min(maxWindow, maxOutstanding, planned)
      const free = window - state.outstanding.size
      const pieces: number[] = []
      if (free < window / 2) return pieces
      while (pieces.length < free) {
        const piece = firstUnrequested(state) ?? findDuplicate(state)
        if (piece === undefined) break
        state.outstanding.set(piece, now())
        const requesters = requestersByPiece.get(piece) ?? new Set()
        requestersByPiece.set(piece, requesters.add(source))
        pieces.push(piece)
      }
      pieces.sort((a, b) => a - b)
      // The provider answers in ascending order, which may differ from the order of assignment.
      for (const piece of pieces) {
        state.outstanding.delete(piece)
        state.outstanding.set(piece, now())
      }
      return pieces
    },

    arrived(source, piece) {
      const state = stateOf(source)
      const at = now()
      const ms = at - Math.max(state.arrivedAt, state.outstanding.get(piece) ?? at)
      state.outstanding.delete(piece)
      state.arrivedAt = at
      state.msPerPiece = state.msPerPiece === undefined ? ms : state.msPerPiece + sampleWeight * (ms - state.msPerPiece)
      // Copies from other sources may still arrive, but are no longer needed.
      requestersByPiece.delete(piece)
      return { first: missing.delete(piece), ms }
    },

    rejected(piece) {
      missing.add(piece)
    },

    absent(source, piece) {
      const state = stateOf(source)
      state.outstanding.delete(piece)
      state.absent.add(piece)
      releasePiece(source, piece)
    },

    lost(source) {
      for (const piece of stateOf(source).outstanding.keys()) releasePiece(source, piece)
      sources.delete(source)
    },

    isIdle: (source) => stateOf(source).outstanding.size === 0,

    isExhausted(source) {
      const { outstanding, absent } = stateOf(source)
      return outstanding.size === 0 && [...missing].every((piece) => absent.has(piece))
    },
  }
}
