import { multiaddr } from '@multiformats/multiaddr'
import * as v from 'valibot'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import type { Store } from '../store/store.ts'

/** Timeout of the request for the server's relays (ms); shorter when stored relays can be tried instead. */
const fetchTimeoutMs = 3_000
const patienceMs = 300

/** Delay between requests while no relay is connected (ms), doubled each time up to `maxAskMs`. */
const firstAskMs = 2_000
const maxAskMs = 60_000

/** Jitter: each delay is scaled by 0.75 to 1.25, so that tabs that lost a relay together do not ask together. */
const askSpread = 0.5

/** Relays in use; more would add connections without making the node easier to reach. */
const maxRelays = 8

/** Largest accepted answer (bytes); real relay lists are far smaller. */
const maxListBytes = 16_384

const listSchema = v.object({ relays: v.pipe(v.array(v.pipe(v.string(), v.maxLength(512))), v.maxLength(64)) })

export interface RelayDirectory {
  /** The initial relays. */
  first(): Promise<string[]>
  /** Looks for moved relays while none is connected; never replaces relays given in the address bar. */
  watch(options: { isConnected(): boolean; onRelays(relays: string[]): void }): RelayWatch
}

export interface RelayWatch {
  /** Asks at once, if no relay is connected. */
  check(): void
  stop(): void
}

export interface RelayDirectoryOptions {
  /** From the address bar. */
  given: readonly string[]
  store: Store
  /** Origin of the page's server; without one only given and stored relays are known. */
  origin: string | undefined
  /** In [0, 1). */
  random(): number
}

/** Finds relays at the start and while the engine runs: a relay may return at another address. */
export const createRelayDirectory = ({ given, store, origin, random }: RelayDirectoryOptions): RelayDirectory => {
  // Started at once, in parallel with the disk reads of the engine's start.
  const first = findRelays(given, store, origin)
  first.catch(() => {})

  return {
    first: () => first,
    watch({ isConnected, onRelays }) {
      let timer: ReturnType<typeof setTimeout> | undefined
      let delayMs = firstAskMs
      let stopped = given.length > 0 || origin === undefined

      const asking = createCoalescedRun(async () => {
        if (stopped) return
        clearTimeout(timer)
        if (isConnected()) delayMs = firstAskMs
        else {
          const named = await askServer(origin, fetchTimeoutMs)
          if (stopped) return
          if (named.length > 0 && !isConnected()) {
            await remember(store, named)
            onRelays(named)
          }
        }
        timer = setTimeout(ask, delayMs * (1 - askSpread / 2 + random() * askSpread))
        delayMs = isConnected() ? firstAskMs : Math.min(delayMs * 2, maxAskMs)
      })
      const ask = (): void => void asking.ask()
      if (!stopped) timer = setTimeout(ask, firstAskMs)

      return {
        check() {
          delayMs = firstAskMs
          ask()
        },
        stop() {
          stopped = true
          clearTimeout(timer)
        },
      }
    },
  }
}

/**
 * The relays to use: those given in the address bar; otherwise those listed by the page's server at `/relays.json`;
 * otherwise, for example offline, those it listed last.
 */
export const findRelays = async (
  given: readonly string[],
  store: Store,
  origin: string | undefined,
): Promise<string[]> => {
  // Includes malformed addresses, which the status then reports.
  if (given.length > 0) return [...new Set(given)].slice(0, maxRelays)
  const stored = await store.get('settings', 'relays').catch(() => undefined)
  const lastListed = stored === undefined ? [] : decode(stored)
  const named = await askServer(origin, lastListed.length > 0 ? patienceMs : fetchTimeoutMs)
  if (named.length === 0) return lastListed
  await remember(store, named)
  return named
}

const remember = (store: Store, relays: string[]): Promise<void> =>
  store.write([{ table: 'settings', key: 'relays', value: encode({ relays }) }]).catch(() => {})

const askServer = async (origin: string | undefined, timeoutMs: number): Promise<string[]> => {
  if (origin === undefined) return []
  try {
    const response = await fetch(new URL('/relays.json', origin), {
      signal: AbortSignal.timeout(timeoutMs),
      cache: 'no-store',
    })
    return response.ok ? decode(new Uint8Array(await response.arrayBuffer())) : []
  } catch {
    return []
  }
}

const encode = (list: { relays: string[] }): Uint8Array => new TextEncoder().encode(JSON.stringify(list))

const decode = (bytes: Uint8Array): string[] => {
  if (bytes.length > maxListBytes) return []
  try {
    const list = v.safeParse(listSchema, JSON.parse(new TextDecoder().decode(bytes)))
    return list.success ? usable(list.output.relays) : []
  } catch {
    return []
  }
}

const usable = (addresses: readonly string[]): string[] =>
  [...new Set(addresses)].filter(isRelayAddress).slice(0, maxRelays)

/** True for a well-formed multiaddr with a peer id. */
export const isRelayAddress = (address: string): boolean => {
  try {
    return multiaddr(address)
      .getComponents()
      .some(({ name }) => name === 'p2p')
  } catch {
    return false
  }
}
