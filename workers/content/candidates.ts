/**
 * Who could be asked for a content: each peer once, with a rest after each failure, and never again after a violation.
 * Pure bookkeeping.
 */
export interface Candidates {
  /** A peer that is said to hold the content; known ones are not changed. */
  add(peer: string): void
  /** Peers that may be asked now and are not in use. */
  ready(): string[]
  use(peer: string): void
  /** It failed, or has nothing for us now. */
  rest(peer: string): void
  /** It brought something: earlier failures are forgotten. */
  praise(peer: string): void
  /** It lied: it is not asked again. False when it was banned before. */
  ban(peer: string): boolean
  readonly size: number
}

/** Peers remembered for one fetch: a provider list from strangers must not fill memory. */
const maxCandidates = 256

/** Failures in a row after which a peer is not asked again in this fetch. */
const maxFailures = 3

interface Candidate {
  state: 'free' | 'used' | 'banned'
  failures: number
  restsUntil: number
}

export const createCandidates = (restMs: number, now: () => number): Candidates => {
  const candidates = new Map<string, Candidate>()
  return {
    get size() {
      return candidates.size
    },
    add(peer) {
      if (candidates.has(peer) || candidates.size >= maxCandidates) return
      candidates.set(peer, { state: 'free', failures: 0, restsUntil: 0 })
    },
    ready: () =>
      [...candidates].flatMap(([peer, { state, failures, restsUntil }]) =>
        state === 'free' && failures < maxFailures && restsUntil <= now() ? [peer] : [],
      ),
    use(peer) {
      const candidate = candidates.get(peer)
      if (candidate !== undefined) candidate.state = 'used'
    },
    rest(peer) {
      const candidate = candidates.get(peer)
      if (candidate === undefined || candidate.state === 'banned') return
      candidate.state = 'free'
      candidate.restsUntil = now() + restMs * 2 ** candidate.failures
      candidate.failures += 1
    },
    praise(peer) {
      const candidate = candidates.get(peer)
      if (candidate !== undefined) candidate.failures = 0
    },
    ban(peer) {
      const candidate = candidates.get(peer)
      if (candidate === undefined || candidate.state === 'banned') return false
      candidate.state = 'banned'
      return true
    },
  }
}
