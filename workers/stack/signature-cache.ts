import { sameBytes } from '../protocol/bytes.ts'
import type { CryptoProvider, Verify } from '../protocol/crypto.ts'
import { createLruMap } from './lru-map.ts'

/** Signatures that were found good and are remembered, at about 300 bytes each. */
const defaultCapacity = 8_192

/** Checks of signatures that belong to one task, and how many of them had really to be made. */
export interface CountedCrypto extends CryptoProvider {
  checks(): number
}

/** Hashes that one task remembers: those of an announcement, its parts and the documents of its identity. */
const hashesInTask = 64

/**
 * Remembers good signatures, so that a record or an identity that comes again costs a hash and no second check; the
 * ones that were not asked for longest are forgotten first. Bad ones are not remembered: their number is the sender's
 * to choose. What a task has hashed it need not hash again: it is verified for the announcement, and once more on its way
 * into the catalogue.
 *
 * A new signature is checked while its message is hashed, so that both take one turn of the event loop.
 *
 * @returns makes a view for one task.
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
        const known = good.peek(id)
        if (known !== undefined && known === toLatin1(await sha256(message))) {
          good.set(id, known)
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

/** A character a byte; keys and signatures have their length in their codecs, so the parts cannot run together. */
const toLatin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
