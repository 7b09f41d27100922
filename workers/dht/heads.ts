import type { KadDHT } from '@libp2p/kad-dht'

/** A lookup that has found nothing by then finds nothing, ms (spec §2.8). */
export const lookupTimeoutMs = 5_000

/** After the first valid answer, later ones may still raise the sequence number for this long, ms: about one round trip. */
const settleMs = 150

/** A put that some peer never answers is given up after this long, ms. */
const putTimeoutMs = 15_000

/** What one stored value says, once its signature and identity were checked. */
export interface FoundHead<T> {
  seq: number
  value: T
}

export interface HeadsDependencies<T> {
  dht: Pick<KadDHT, 'get' | 'put'>
  /** Decodes and verifies a value for its key; undefined for anything that is not valid. */
  verify(key: Uint8Array, value: Uint8Array): Promise<FoundHead<T> | undefined>
  now(): number
}

export interface Heads<T> {
  /** Stores a value at the closest peers; tells how many of them confirmed it, as they do. */
  put(
    key: string,
    value: Uint8Array,
    options: { signal: AbortSignal; onConfirmed(count: number): void },
  ): Promise<number>
  /**
   * The newest valid value among the first answers: the first valid one settles the lookup, and answers that come
   * within a round trip more can only raise the sequence number. Undefined when none came in time.
   */
  get(key: string, options: { signal: AbortSignal }): Promise<FoundHead<T> | undefined>
}

/**
 * Package heads in the DHT.
 *
 * `dht.get` itself walks on to its end, and throws when one peer refuses a correction: its events are read instead.
 * A refused value does not make `dht.put` fail: the answers are counted instead.
 */
export const createHeads = <T>({ dht, verify, now }: HeadsDependencies<T>): Heads<T> => ({
  async put(key, value, { signal, onConfirmed }) {
    let confirmed = 0
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(putTimeoutMs)])
    try {
      for await (const event of dht.put(encode(key), value, { signal: deadline })) {
        if (event.name !== 'PEER_RESPONSE' || event.messageName !== 'PUT_VALUE') continue
        confirmed += 1
        onConfirmed(confirmed)
      }
    } catch (error) {
      // What was confirmed before the end came stays confirmed.
      if (confirmed === 0 && !deadline.aborted) throw error
    }
    return confirmed
  },

  async get(key, { signal }) {
    const keyBytes = encode(key)
    const settle = new AbortController()
    const ended = AbortSignal.any([signal, settle.signal, AbortSignal.timeout(lookupTimeoutMs)])
    let best: FoundHead<T> | undefined
    let settleAt = Number.POSITIVE_INFINITY
    let timer: ReturnType<typeof setTimeout> | undefined
    const consider = async (value: Uint8Array): Promise<void> => {
      const found = await verify(keyBytes, value)
      if (found === undefined) return
      if (best === undefined || found.seq > best.seq) best = found
      if (timer !== undefined) return
      settleAt = now() + settleMs
      timer = setTimeout(() => settle.abort(), settleMs)
    }
    try {
      for await (const event of dht.get(keyBytes, { signal: ended })) {
        if (event.name === 'PEER_RESPONSE' && event.record !== undefined) await consider(event.record.value)
        // A value from our own datastore comes as VALUE without a response.
        else if (event.name === 'VALUE') await consider(event.value)
        if (now() >= settleAt) break
      }
    } catch {
      // Not found, timed out or settled: what was found by then is the answer.
    } finally {
      clearTimeout(timer)
    }
    return best
  },
})

const encoder = new TextEncoder()
const encode = (key: string): Uint8Array => encoder.encode(key)
