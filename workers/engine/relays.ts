import { multiaddr } from '@multiformats/multiaddr'
import * as v from 'valibot'
import type { Store } from '../store/store.ts'

/** How long the page's own server may take to name its relays before the remembered ones are used, ms. */
const fetchTimeoutMs = 3_000

/** More relays than this add connections and no reach. */
const maxRelays = 8

/** A list of multiaddrs is far below this; a larger answer is no list of relays, bytes. */
const maxListBytes = 16_384

const listSchema = v.object({ relays: v.pipe(v.array(v.pipe(v.string(), v.maxLength(512))), v.maxLength(64)) })

/**
 * The relays to use: those given in the address bar; else those that the page's server names at `/relays.json`; else,
 * as when the page is opened offline, those it named last.
 */
export const findRelays = async (given: readonly string[], store: Store, origin: string): Promise<string[]> => {
  // Also what is no address of a relay: the status says so of it.
  if (given.length > 0) return [...new Set(given)].slice(0, maxRelays)
  const named = await askServer(origin)
  if (named.length > 0) {
    await store.write([{ table: 'settings', key: 'relays', value: encode({ relays: named }) }]).catch(() => {})
    return named
  }
  const remembered = await store.get('settings', 'relays').catch(() => undefined)
  return remembered === undefined ? [] : decode(remembered)
}

const askServer = async (origin: string): Promise<string[]> => {
  try {
    const response = await fetch(new URL('/relays.json', origin), {
      signal: AbortSignal.timeout(fetchTimeoutMs),
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
