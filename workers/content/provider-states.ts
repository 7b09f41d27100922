/**
 * State of each provider in one fetch: exponential backoff after failures, exclusion after repeated failures or a
 * violation. Pure.
 */
export interface ProviderStates {
  /** Adds a provider; no effect on one that was added before. */
  add(peer: string): void
  /** All providers except those excluded for the rest of the fetch. */
  usable(): string[]
  /** Providers that are neither in use, backing off nor excluded. */
  ready(): string[]
  use(peer: string): void
  /** Delays the next use of a provider, longer each time. A busy provider is never excluded. */
  backOff(peer: string, cause?: 'failed' | 'busy'): void
  /** Clears failures and backoff after a valid answer. */
  resetFailures(peer: string): void
  /** Excludes a provider after a violation. Returns false if it was already banned. */
  ban(peer: string): boolean
  readonly size: number
}

/** Maximum providers per fetch: an untrusted provider list must not exhaust memory. */
const maxProviders = 256

/** Consecutive failures after which a provider is excluded from this fetch. */
const maxFailures = 3

/** Maximum doublings of the delay: a provider that stays busy is retried every 16 × `retryDelayMs`. */
const maxDoublings = 4

interface ProviderState {
  state: 'free' | 'used' | 'banned'
  failures: number
  /** Delays since the last valid answer. */
  backoffs: number
  retryAt: number
}

export const createProviderStates = (retryDelayMs: number, now: () => number): ProviderStates => {
  const providers = new Map<string, ProviderState>()
  return {
    get size() {
      return providers.size
    },
    add(peer) {
      if (providers.has(peer) || providers.size >= maxProviders) return
      providers.set(peer, { state: 'free', failures: 0, backoffs: 0, retryAt: 0 })
    },
    usable: () =>
      [...providers].flatMap(([peer, { state, failures }]) =>
        state !== 'banned' && failures < maxFailures ? [peer] : [],
      ),
    ready: () =>
      [...providers].flatMap(([peer, { state, failures, retryAt }]) =>
        state === 'free' && failures < maxFailures && retryAt <= now() ? [peer] : [],
      ),
    use(peer) {
      const provider = providers.get(peer)
      if (provider !== undefined) provider.state = 'used'
    },
    backOff(peer, cause = 'failed') {
      const provider = providers.get(peer)
      if (provider === undefined || provider.state === 'banned') return
      provider.state = 'free'
      provider.retryAt = now() + retryDelayMs * 2 ** Math.min(provider.backoffs, maxDoublings)
      provider.backoffs += 1
      if (cause === 'failed') provider.failures += 1
    },
    resetFailures(peer) {
      const provider = providers.get(peer)
      if (provider === undefined) return
      provider.failures = 0
      provider.backoffs = 0
    },
    ban(peer) {
      const provider = providers.get(peer)
      if (provider === undefined || provider.state === 'banned') return false
      provider.state = 'banned'
      return true
    },
  }
}
