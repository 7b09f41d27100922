import { createLruMap } from '../../workers/stack/lru-map.ts'
import { createTokenBucket, type Rate } from '../../workers/stack/token-bucket.ts'
import * as limits from './limits.ts'

/** Limits the posts and bytes of each address and of all. */
export interface PostRate {
  /** Counts a post. Returns 0 when it may go on, or else the time until the next one may (ms). */
  admit(address: string): number
  /** Counts the bytes of a post that was admitted; those beyond the rate delay later posts. */
  take(address: string, bytes: number): void
}

/** @param now Clock with any origin (ms). */
export const createPostRate = (now: () => number): PostRate => {
  const pair = (posts: Rate, bytes: Rate) => ({
    posts: createTokenBucket(posts, now),
    bytes: createTokenBucket(bytes, now),
  })
  const total = pair(limits.postsInTotal, limits.bytesInTotal)
  const byAddress = createLruMap<ReturnType<typeof pair>>(limits.maxAddresses)
  const of = (address: string) =>
    byAddress.getOrCreate(address, () => pair(limits.postsPerAddress, limits.bytesPerAddress))

  return {
    admit(address) {
      const own = of(address)
      const buckets = [own.posts, own.bytes, total.posts, total.bytes]
      const waitMs = Math.max(...buckets.map((bucket) => (bucket.hasSome() ? 0 : bucket.waitMs())))
      if (waitMs > 0) return waitMs
      own.posts.take(1)
      total.posts.take(1)
      return 0
    },
    take(address, bytes) {
      of(address).bytes.take(bytes)
      total.bytes.take(bytes)
    },
  }
}
