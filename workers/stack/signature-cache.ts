import { sameBytes } from '../protocol/bytes.ts'
import type { CryptoProvider, Verify } from '../protocol/crypto.ts'
import { createLruMap } from './lru-map.ts'

/** Good signatures in the cache, at about 300 bytes each. */
const defaultCapacity = 8_192

/** The crypto provider of one task. */
export interface CountedCrypto extends CryptoProvider {
  /** Signatures that the cache lacked and the task verified. */
  checks(): number
}

/** Hashes cached per task: those of an announcement, its parts and the documents of its identity. */
const hashesInTask = 64

/**
 * Caches good signatures, so that a repeated record or identity costs a hash instead of a verification; evicts the least
 * recently used. Does not cache bad ones, whose number the sender chooses. Also caches the hashes of a task, because an
 * announcement is verified once more on its way into the catalogue.
 *
 * Verifies a new signature while hashing its message, so that both take one turn of the event loop.
 *
 * @returns a function that creates the crypto provider of one task.
 */
export const createSignatureCache = (crypto: CryptoProvider, capacity = defaultCapacity): (() => CountedCrypto) => {
  /** Hashes of messages by key and signature. */
  const good = createLruMap<string>(capacity)
  const pending = new Map<string, { message: Uint8Array; check: Promise<boolean> }>()

  return () => {
    let checks = 0
    const hashes: { bytes: Uint8Array; hash: Promise<Uint8Array> }[] = []

    const sha256 = (bytes: Uint8Array): Promise<Uint8Array> => {
      const before = hashes.find((each) => sameBytes(each.bytes, bytes))
      if (before !== undefined) return before.hash
      const hash = crypto.sha256(bytes)
      if (hashes.length < hashesInTask) hashes.push({ bytes, hash })
      return hash
    }

    const check = async (id: string, ...[publicKey, message, signature]: Parameters<Verify>): Promise<boolean> => {
      checks += 1
      const [isGood, hash] = await Promise.all([crypto.verify(publicKey, message, signature), sha256(message)])
      if (isGood) good.set(id, toLatin1(hash))
      return isGood
    }

    return {
      sha256,
      checks: () => checks,
      async verify(publicKey, message, signature) {
        const id = [publicKey, signature].map(toLatin1).join('|')
        const goodHash = good.peek(id)
        if (goodHash !== undefined && goodHash === toLatin1(await sha256(message))) {
          good.set(id, goodHash)
          return true
        }
        const underWay = pending.get(id)
        if (underWay !== undefined && sameBytes(underWay.message, message)) return underWay.check
        const checking = check(id, publicKey, message, signature)
        pending.set(id, { message, check: checking })
        try {
          return await checking
        } finally {
          if (pending.get(id)?.check === checking) pending.delete(id)
        }
      },
    }
  }
}

/** One character per byte; codecs fix the lengths of keys and signatures, so the joined parts are unambiguous. */
const toLatin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
