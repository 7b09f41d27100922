/**
 * Who could be asked for a content: each peer once, with a rest after each failure, and never again after a violation.
 * Pure bookkeeping.
 */
export interface ProviderStates {
  /** A peer that is said to hold the content; known ones are not changed. */
  add(peer: string): void
  /** All but those that are not asked again. */
  hopeful(): string[]
  /** Peers that may be asked now and are not in use. */
  ready(): string[]
  use(peer: string): void
  /** It failed, or is busy: it rests, longer each time. Being busy is no reason to give it up. */
  rest(peer: string, why?: 'failed' | 'busy'): void
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

/** Doublings of the rest: a peer that stays busy is asked every 16 times `restMs`. */
const maxDoublings = 4

interface ProviderState {
  state: 'free' | 'used' | 'banned'
  failures: number
  /** Rests since it last brought something. */
  rests: number
  restsUntil: number
}

export const createProviderStates = (restMs: number, now: () => number): ProviderStates => {
  const candidates = new Map<string, ProviderState>()
  return {
    get size() {
      return candidates.size
    },
    add(peer) {
      if (candidates.has(peer) || candidates.size >= maxCandidates) return
      candidates.set(peer, { state: 'free', failures: 0, rests: 0, restsUntil: 0 })
    },
    hopeful: () =>
      [...candidates].flatMap(([peer, { state, failures }]) =>
        state !== 'banned' && failures < maxFailures ? [peer] : [],
      ),
    ready: () =>
      [...candidates].flatMap(([peer, { state, failures, restsUntil }]) =>
        state === 'free' && failures < maxFailures && restsUntil <= now() ? [peer] : [],
      ),
    use(peer) {
      const candidate = candidates.get(peer)
      if (candidate !== undefined) candidate.state = 'used'
    },
    rest(peer, why = 'failed') {
      const candidate = candidates.get(peer)
      if (candidate === undefined || candidate.state === 'banned') return
      candidate.state = 'free'
      candidate.restsUntil = now() + restMs * 2 ** Math.min(candidate.rests, maxDoublings)
      candidate.rests += 1
      if (why === 'failed') candidate.failures += 1
    },
    praise(peer) {
      const candidate = candidates.get(peer)
      if (candidate === undefined) return
      candidate.failures = 0
      candidate.rests = 0
    },
    ban(peer) {
      const candidate = candidates.get(peer)
      if (candidate === undefined || candidate.state === 'banned') return false
      candidate.state = 'banned'
      return true
    },
  }
}
