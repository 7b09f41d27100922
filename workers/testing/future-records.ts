import * as dagCbor from '@ipld/dag-cbor'
import { concatBytes } from '../protocol/bytes.ts'
import type { Signer } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { anyEnvelopeCodec } from '../protocol/envelope.ts'
import type { PublisherId } from '../protocol/ids.ts'
import { asciiToBytes } from '../protocol/text.ts'

/**
 * Records as a later version of the program may write them: signed by hand, bypassing this version's schemas.
 */

/** A signed record of a kind that does not exist yet. */
export const futureRecord = async (
  kind: string,
  body: { readonly publisher: PublisherId; readonly subject?: string | undefined; readonly [field: string]: unknown },
  signer: Signer,
): Promise<Entry> => {
  const given = Object.fromEntries(Object.entries({ v: 1, ...body }).filter(([, value]) => value !== undefined))
  return { kind, bytes: await signByHand(kind, new Uint8Array(dagCbor.encode(given)), signer) }
}

/** The body of a signed record of any kind, with some fields changed or added. */
export const withFields = (envelope: Uint8Array, fields: object): Uint8Array => {
  const read = anyEnvelopeCodec.decode(envelope)
  if (!read.ok) throw new Error(read.message)
  return new Uint8Array(dagCbor.encode({ ...Object(dagCbor.decode(read.value.body)), ...fields }))
}

export const signByHand = async (kind: string, body: Uint8Array, signer: Signer): Promise<Uint8Array> =>
  new Uint8Array(
    dagCbor.encode({
      v: 1,
      kind,
      body,
      key: signer.publicKey,
      signature: await signer.sign(concatBytes([asciiToBytes(`ggen-${kind}-v1\0`), body])),
    }),
  )
