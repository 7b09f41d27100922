import type { Change, Store } from '../store/store.ts'

/** A value like those of the cache's users: an object that is encoded. */
export interface Note {
  text: string
}

export const noteCodec = {
  encode: ({ text }: Note): Uint8Array => new TextEncoder().encode(`note:${text}`),
  decode: (bytes: Uint8Array): Note | undefined => {
    const text = new TextDecoder().decode(bytes)
    return text.startsWith('note:') ? { text: text.slice(5) } : undefined
  },
}

/** A store that counts its calls and rejects them while `refusal` is set. */
export interface WatchedStore extends Store {
  writes: (readonly Change[])[]
  reads: number
  refusal: Error | undefined
}

export const watch = (store: Store): WatchedStore => {
  const watched: WatchedStore = {
    ...store,
    writes: [],
    reads: 0,
    refusal: undefined,
    async get(table, key) {
      watched.reads += 1
      if (watched.refusal !== undefined) throw watched.refusal
      return store.get(table, key)
    },
    async keys(table, prefix) {
      if (watched.refusal !== undefined) throw watched.refusal
      return store.keys(table, prefix)
    },
    async write(changes, options) {
      if (watched.refusal !== undefined) throw watched.refusal
      watched.writes.push(changes)
      return store.write(changes, options)
    },
  }
  return watched
}
