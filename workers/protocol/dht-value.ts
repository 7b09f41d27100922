import * as v from 'valibot'
import { createCodec } from './codec.ts'
import type { CryptoProvider } from './crypto.ts'
import { type Decoded, decoded, refused } from './decoded.ts'
import { openHashed } from './envelope.ts'
import { bytes, openRecord } from './fields.ts'
import { type VerifiedHead, verifyHead } from './head.ts'
import { type Identity, verifyIdentity } from './identity.ts'
import { splitHeadKey } from './ids.ts'
import { DHT_VALUE_MAX_BYTES, HEAD_MAX_BYTES, IDENTITY_CHAIN_MAX_BYTES } from './limits.ts'
import { bytesToAscii } from './text.ts'
import { wireVersions } from './version.ts'

/** The DHT value of `/ggen/<publisher id>/<slug>`: a head and the identity that verifies it. */
export interface DhtValue {
  readonly v: 1
  /** An encoded identity chain. */
  readonly identity: Uint8Array
  /** A signed head. */
  readonly head: Uint8Array
}

export const dhtValueCodec = createCodec<DhtValue>({
  name: 'DHT record',
  version: wireVersions.dhtValue,
  maxBytes: DHT_VALUE_MAX_BYTES,
  schema: openRecord({
    v: v.literal(wireVersions.dhtValue, 'another version is expected'),
    identity: bytes(1, IDENTITY_CHAIN_MAX_BYTES),
    head: bytes(1, HEAD_MAX_BYTES),
  }),
})

export const encodeDhtValue = (identity: Identity, head: VerifiedHead): Uint8Array =>
  dhtValueCodec.encode({ v: wireVersions.dhtValue, identity: identity.chain, head: head.bytes })

/**
 * Verifies that a value belongs to its key: identity, signature, publisher and package. Callers compare values by
 * `head.seq`.
 * @param key the DHT key as text or bytes.
 */
export const verifyDhtValue = async (
  key: Uint8Array | string,
  value: Uint8Array,
  crypto: CryptoProvider,
): Promise<Decoded<{ identity: Identity; head: VerifiedHead }>> => {
  const parts = readKey(key)
  if (!parts.ok) return parts
  const read = dhtValueCodec.decode(value)
  if (!read.ok) return read
  const [identity, opened] = await Promise.all([
    verifyIdentity(read.value.identity, crypto),
    openHashed('head', read.value.head, crypto),
  ])
  if (!identity.ok) return identity
  const head = await verifyHead(read.value.head, identity.value, crypto, opened)
  if (!head.ok) return head
  const { publisher, slug } = head.value.head
  return publisher === parts.value.publisher && slug === parts.value.slug
    ? decoded({ identity: identity.value, head: head.value })
    : refused('RecordMalformed', 'This DHT record is kept under the key of another package.')
}

const readKey = (key: Uint8Array | string) => {
  if (typeof key === 'string') return splitHeadKey(key)
  // Longer keys are refused without decoding them.
  return splitHeadKey(key.length > MAX_KEY_BYTES ? '' : bytesToAscii(key))
}

/** `/ggen/`, 52 characters, a slash and a slug of 64, all ASCII. */
const MAX_KEY_BYTES = 123
