import { type TrafficProtocol, trafficProtocols } from '../contract/sample-columns.ts'

/** Bytes exchanged with a peer, in total and in the last 10 s. */
export interface PeerTraffic {
  in: number
  out: number
  recentIn: number
  recentOut: number
}

export type Direction = 'in' | 'out'

/** Bytes on the streams of this node since it started, by protocol and by peer. */
export interface Traffic {
  count(direction: Direction, protocol: TrafficProtocol, peer: string | undefined, bytes: number): void
  total(direction: Direction, protocol: TrafficProtocol): number
  /** Zeros for a peer without streams, and for one forgotten because of the limit. */
  ofPeer(peer: string): PeerTraffic
}

/** Peers remembered: far more than are connected at a time. */
const maxPeers = 500

/** Seconds that count as recent; the one in progress is the last of them. */
const recentSeconds = 10

interface PeerBytes {
  in: number
  out: number
  /** The second of the latest bytes. */
  second: number
  /** Bytes by second modulo `recentSeconds`. */
  readonly recentIn: Float64Array
  readonly recentOut: Float64Array
}

/** @param now Monotonic clock (ms). */
export const createTraffic = (now: () => number, limits: { peers: number } = { peers: maxPeers }): Traffic => {
  const totals = { in: zeros(), out: zeros() }
  const bytesByPeer = new Map<string, PeerBytes>()

  const meet = (peer: string, second: number): PeerBytes => {
    const known = bytesByPeer.get(peer)
    if (known !== undefined) return known
    if (bytesByPeer.size >= limits.peers) forgetQuietest()
    const fresh: PeerBytes = {
      in: 0,
      out: 0,
      second,
      recentIn: new Float64Array(recentSeconds),
      recentOut: new Float64Array(recentSeconds),
    }
    bytesByPeer.set(peer, fresh)
    return fresh
  }

  const forgetQuietest = (): void => {
    let quietest: string | undefined
    let second = Number.POSITIVE_INFINITY
    for (const [peer, bytes] of bytesByPeer)
      if (bytes.second < second) {
        quietest = peer
        second = bytes.second
      }
    if (quietest !== undefined) bytesByPeer.delete(quietest)
  }

  const currentSecond = (): number => Math.floor(now() / 1_000)

  return {
    count(direction, protocol, peer, bytes) {
      totals[direction][protocol] += bytes
      if (peer === undefined) return
      const second = currentSecond()
      const counted = meet(peer, second)
      if (second !== counted.second) forgetOld(counted, second)
      counted[direction] += bytes
      const recent = direction === 'in' ? counted.recentIn : counted.recentOut
      const slot = second % recentSeconds
      recent[slot] = (recent[slot] ?? 0) + bytes
    },
    total: (direction, protocol) => totals[direction][protocol],
    ofPeer(peer) {
      const counted = bytesByPeer.get(peer)
      if (counted === undefined) return { in: 0, out: 0, recentIn: 0, recentOut: 0 }
      forgetOld(counted, currentSecond())
      return { in: counted.in, out: counted.out, recentIn: sum(counted.recentIn), recentOut: sum(counted.recentOut) }
    },
  }
}

/** Clears the slots of the seconds since the latest bytes. */
const forgetOld = (counted: PeerBytes, second: number): void => {
  if (second - counted.second >= recentSeconds) {
    counted.recentIn.fill(0)
    counted.recentOut.fill(0)
  } else
    for (let passed = counted.second + 1; passed <= second; passed += 1) {
      counted.recentIn[passed % recentSeconds] = 0
      counted.recentOut[passed % recentSeconds] = 0
    }
  counted.second = Math.max(counted.second, second)
}

const zeros = (): Record<TrafficProtocol, number> =>
  Object.fromEntries(trafficProtocols.map((protocol) => [protocol, 0])) as Record<TrafficProtocol, number>

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
