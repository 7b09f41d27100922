import type { Crypto } from '../protocol/crypto.ts'

/** Signatures that were found good and are remembered, at about 300 bytes each. */
const defaultCapacity = 8_192

/** Checks of signatures that belong to one task, and how many of them had really to be made. */
export interface CountedCrypto extends Crypto {
  checks(): number
}

/**
 * Remembers good signatures, so that a record or an identity that comes again costs a hash and no second check; the
 * ones that were not asked for longest are forgotten first. Bad ones are not remembered: their number is the sender's
 * to choose.
 *
 * @returns makes a view for one task.
 */
export const createSignatureMemory = (crypto: Crypto, capacity = defaultCapacity): (() => CountedCrypto) => {
  const good = new Set<string>()
  const pending = new Map<string, Promise<boolean>>()

  const remember = (id: string): void => {
    good.delete(id)
    good.add(id)
    if (good.size <= capacity) return
    for (const oldest of good) {
      good.delete(oldest)
      break
    }
  }

  return () => {
    let checks = 0
    return {
      sha256: crypto.sha256,
      checks: () => checks,
      async verify(publicKey, message, signature) {
        const id = [publicKey, signature, await crypto.sha256(message)].map(toLatin1).join('|')
        if (good.has(id)) {
          remember(id)
          return true
        }
        const underWay = pending.get(id)
        if (underWay !== undefined) return underWay
        checks += 1
        const check = crypto.verify(publicKey, message, signature)
        pending.set(id, check)
        try {
          const isGood = await check
          if (isGood) remember(id)
          return isGood
        } finally {
          pending.delete(id)
        }
      },
    }
  }
}

/** A character a byte; keys and signatures have their length in their codecs, so the parts cannot run together. */
const toLatin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
