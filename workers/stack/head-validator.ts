import type { SelectFn, ValidateFn } from '@libp2p/kad-dht'
import { compareBytes } from '../protocol/bytes.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import type { DecodeFailureName } from '../protocol/decoded.ts'
import { verifyDhtValue } from '../protocol/dht-value.ts'
import { createLruMap } from './lru-map.ts'

/**
 * Keys whose newest state is cached: all packages of a large marketplace, at about 200 bytes each. The least recently
 * seen key is evicted first; for it only the datastore knows the newest value, as in stock kad-dht.
 */
const defaultMaxKeys = 16_384

export interface HeadValidator {
  /** Throws only `HeadRefused`: for a value that is invalid for its key or older than one seen before. */
  validate: ValidateFn
  /** The index of the newest valid value; 0 when none is valid. */
  select: SelectFn
  /** The newest valid version seen for a key: sequence numbers of the identity document and the head. */
  newest(key: Uint8Array): { identitySeq: number; seq: number } | undefined
}

/**
 * `older`: was valid before; `signature`, `malformed`: never valid; `unchecked`: cannot be verified, for example because
 * it needs a later version of this program.
 */
export type Refusal = 'older' | 'signature' | 'malformed' | 'unchecked'

/** A refused DHT value; the validator throws no other error. */
export class HeadRefused extends Error {
  override readonly name = 'HeadRefused'
  readonly refusal: Refusal

  constructor(refusal: Refusal, message: string) {
    super(message)
    this.refusal = refusal
  }
}

/**
 * Validator and selector of the DHT namespace `ggen`.
 *
 * kad-dht's PUT_VALUE does not compare with the stored value (js-libp2p #3377), so the validator keeps the order: it
 * refuses a value once it has seen a newer one for the key. Newer means, in this order: a higher `seq` of the identity
 * document (a rotated-out key cannot roll a package back), a higher `seq` of the head, and between competing heads the
 * lower hash, as in the catalogue, so that all nodes keep the same one.
 *
 * Does not guarantee the order across a restart or for an evicted key.
 */
export const createHeadValidator = (crypto: CryptoProvider, options: { maxKeys?: number } = {}): HeadValidator => {
  const { maxKeys = defaultMaxKeys } = options
  const newestByKey = createLruMap<Version>(maxKeys)

  const read = async (key: Uint8Array, value: Uint8Array): Promise<Version | HeadRefused> => {
    try {
      const verified = await verifyDhtValue(key, value, crypto)
      if (!verified.ok) return new HeadRefused(refusalByName[verified.name] ?? 'malformed', verified.message)
      const { identity, head } = verified.value
      return { identitySeq: identity.seq, seq: head.head.seq, hash: head.hash }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return new HeadRefused('unchecked', `It could not be checked: ${why}`)
    }
  }

  return {
    async validate(key, value) {
      const version = await read(key, value)
      if (version instanceof HeadRefused) throw version
      const text = keyText(key)
      const newest = newestByKey.peek(text)
      if (newest !== undefined && compare(version, newest) < 0)
        throw new HeadRefused('older', `A newer head is known: ${newest.seq}, this one is ${version.seq}.`)
      newestByKey.set(text, version)
    },

    async select(key, values) {
      const versions = await Promise.all(values.map((value) => read(key, value)))
      let best = 0
      versions.forEach((version, index) => {
        if (version instanceof HeadRefused) return
        const other = versions[best]
        if (other === undefined || other instanceof HeadRefused || compare(version, other) > 0) best = index
      })
      return best
    },

    newest: (key) => newestByKey.peek(keyText(key)),
  }
}

const refusalByName: Partial<Record<DecodeFailureName, Refusal>> = {
  SignatureInvalid: 'signature',
  RecordUnsupported: 'unchecked',
}

interface Version {
  identitySeq: number
  seq: number
  hash: Uint8Array
}

const compare = (a: Version, b: Version): number =>
  a.identitySeq - b.identitySeq || a.seq - b.seq || compareBytes(b.hash, a.hash)

const decoder = new TextDecoder()
const keyText = (key: Uint8Array): string => decoder.decode(key)
