import type { FoundHead } from '../dht/dht-heads.ts'
import { encodeDhtValue, verifyDhtValue } from '../protocol/dht-value.ts'
import { buildHead, signHead } from '../protocol/head.ts'
import { createIdentity } from '../protocol/identity.ts'
import { headKey } from '../protocol/ids.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'

/** A publisher with real keys, for values that the validator accepts. The same seed gives the same publisher. */
export const createHeadSource = async (seed: number) => {
  const bytes = (offset: number): Uint8Array => {
    const out = new Uint8Array(32).fill(7)
    new DataView(out.buffer).setUint32(0, seed * 2 + offset)
    return out
  }
  const signer = await createSigner(bytes(0))
  const rotation = await createSigner(bytes(1))
  const identity = await createIdentity(
    { name: `publisher-${seed}`, rotation, signingKey: signer.publicKey },
    webCrypto,
  )
  const publisher = identity.publisherId
  return {
    key: (slug: string): string => headKey(publisher, slug),
    async value(slug: string, seq: number): Promise<Uint8Array> {
      const versions = [{ version: '1.0.0', release: new Uint8Array(32).fill(seq) }]
      const built = await buildHead({ publisher, slug, seq, versions }, webCrypto)
      return encodeDhtValue(identity, await signHead(built.head, signer, webCrypto))
    },
  }
}

/** Verifies like the engine; returns the finding as text. */
export const verifyToText = async (key: Uint8Array, value: Uint8Array): Promise<FoundHead<string> | undefined> => {
  const found = await verifyDhtValue(key, value, webCrypto)
  if (!found.ok) return undefined
  const { identity, head } = found.value
  return { identitySeq: identity.seq, seq: head.head.seq, value: `${head.head.slug} ${head.head.seq}` }
}
