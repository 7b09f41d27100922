import type { PeerDetailView } from '../contract/telemetry-views.ts'

/** Score and round trip of the connected peers over the last hour. Bounded; nothing is stored on disk. */
export interface PeerHistory {
  /** Adds a row for these peers, at most once per interval. */
  sample(peers: readonly PeerSample[]): void
  /** The rows since the peer was first connected, oldest first; NaN where it was not connected or not measured. */
  of(peer: string): PeerDetailView['history']
}

export interface PeerSample {
  peer: string
  /** In [0, 1]. */
  score: number
  /** Undefined until measured. */
  rttMs: number | undefined
}

export interface PeerHistoryOptions {
  /** Ms since the epoch. */
  now(): number
  limits?: { rows?: number; peers?: number }
}

/** Time between two rows (ms). */
export const historyStepMs = 10_000

/** An hour. At two numbers of four bytes, 64 peers take 180 kB. */
const defaultRows = 360
const defaultPeers = 64

/** Time without a sample (ms), as while the machine slept, after which a line must have a gap. */
const gapMs = 3 * historyStepMs

interface Columns {
  scores: Float32Array
  rttMs: Float32Array
  /** Number of the first and the last row with a value. */
  first: number
  last: number
}

export const createPeerHistory = ({ now, limits = {} }: PeerHistoryOptions): PeerHistory => {
  const { rows = defaultRows, peers: maxPeers = defaultPeers } = limits
  const times = new Float64Array(rows)
  const columnsByPeer = new Map<string, Columns>()
  /** Rows ever added; a row is at its number modulo `rows`. */
  let added = 0

  const addRow = (time: number): number => {
    const row = added
    times[row % rows] = time
    for (const { scores, rttMs } of columnsByPeer.values()) {
      scores[row % rows] = Number.NaN
      rttMs[row % rows] = Number.NaN
    }
    added += 1
    return row
  }

  const forgetOld = (): void => {
    for (const [peer, { last }] of columnsByPeer) if (last < added - rows) columnsByPeer.delete(peer)
  }

  /** Columns for a newcomer, in place of the peer that left first; undefined while all are connected. */
  const addPeer = (peer: string, row: number): Columns | undefined => {
    if (columnsByPeer.size >= maxPeers) {
      const [oldest] = [...columnsByPeer].sort(([, a], [, b]) => a.last - b.last)
      // The previous row is the last one of every peer that may still be connected.
      if (oldest === undefined || oldest[1].last >= row - 1) return undefined
      columnsByPeer.delete(oldest[0])
    }
    const columns: Columns = {
      scores: new Float32Array(rows).fill(Number.NaN),
      rttMs: new Float32Array(rows).fill(Number.NaN),
      first: row,
      last: row,
    }
    columnsByPeer.set(peer, columns)
    return columns
  }

  return {
    sample(peers) {
      const time = now()
      const before = added === 0 ? Number.NEGATIVE_INFINITY : (times[(added - 1) % rows] ?? 0)
      // A clock that was put back would give rows out of order.
      if (time < before) {
        columnsByPeer.clear()
        added = 0
      } else if (added > 0 && time - before > gapMs) addRow(before + historyStepMs)
      const row = addRow(time)
      forgetOld()
      for (const { peer, score, rttMs } of peers) {
        const columns = columnsByPeer.get(peer) ?? addPeer(peer, row)
        if (columns === undefined) continue
        columns.scores[row % rows] = score
        columns.rttMs[row % rows] = rttMs ?? Number.NaN
        columns.last = row
      }
    },

    of(peer) {
      const columns = columnsByPeer.get(peer)
      const from = columns === undefined ? added : Math.max(columns.first, added - rows)
      const take = (column: ArrayLike<number> | undefined): Float64Array =>
        Float64Array.from({ length: added - from }, (_, at) => column?.[(from + at) % rows] ?? Number.NaN)
      return { times: take(times), scores: take(columns?.scores), rttMs: take(columns?.rttMs) }
    },
  }
}
