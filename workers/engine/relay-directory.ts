import { multiaddr } from '@multiformats/multiaddr'
import * as v from 'valibot'
import { createCoalescedRun } from '../stack/coalesced-runs.ts'
import type { Store } from '../store/store.ts'

/** How long the page's own server may take to name its relays, ms; less where remembered ones can be tried meanwhile. */
const fetchTimeoutMs = 3_000
const patienceMs = 300

/** While no relay is connected the server is asked again after so many ms, doubled up to the second. */
const firstAskMs = 2_000
const maxAskMs = 60_000

/** Each delay is taken times 0.75 to 1.25, so that tabs which lost their relays together do not ask together. */
const askSpread = 0.5

/** More relays than this add connections and no reach. */
const maxRelays = 8

/** A list of multiaddrs is far below this; a larger answer is no list of relays, bytes. */
const maxListBytes = 16_384

const listSchema = v.object({ relays: v.pipe(v.array(v.pipe(v.string(), v.maxLength(512))), v.maxLength(64)) })

export interface RelayDirectory {
  /** The relays to begin with. */
  first(): Promise<string[]>
  /** Looks for relays that have moved as long as none is connected; not where they were given in the address bar. */
  watch(options: { isConnected(): boolean; onRelays(relays: string[]): void }): RelayWatch
}

export interface RelayWatch {
  /** Asks at once, if no relay is connected. */
  look(): void
  stop(): void
}

export interface RelayDirectoryOptions {
  /** From the address bar. */
  given: readonly string[]
  store: Store
  /** Of the page's server; without one only the given and the remembered relays are known. */
  origin: string | undefined
  /** In [0, 1). */
  random(): number
}

/** Where relays are known from, at the start and for as long as the engine runs: a relay may come back elsewhere. */
export const createRelayDirectory = ({ given, store, origin, random }: RelayDirectoryOptions): RelayDirectory => {
  // Begun at once: the answer is there when the rest of the start has been read from the disk.
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
        look() {
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
 * The relays to use: those given in the address bar; else those that the page's server names at `/relays.json`; else,
 * as when the page is opened offline, those it named last.
 */
export const findRelays = async (
  given: readonly string[],
  store: Store,
  origin: string | undefined,
): Promise<string[]> => {
  // Also what is no address of a relay: the status says so of it.
  if (given.length > 0) return [...new Set(given)].slice(0, maxRelays)
  const stored = await store.get('settings', 'relays').catch(() => undefined)
  const remembered = stored === undefined ? [] : decode(stored)
  const named = await askServer(origin, remembered.length > 0 ? patienceMs : fetchTimeoutMs)
  if (named.length === 0) return remembered
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

/** A multiaddr that parses and names a peer. */
export const isRelayAddress = (address: string): boolean => {
  try {
    return multiaddr(address)
      .getComponents()
      .some(({ name }) => name === 'p2p')
  } catch {
    return false
  }
}
