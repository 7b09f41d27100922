import * as v from 'valibot'
import { type Codec, createCodec } from './codec.ts'
import type { CryptoProvider, Signer, Verify } from './crypto.ts'
import { type Decoded, decoded, refused } from './decoded.ts'
import { bytes, publicKey, signature, token } from './fields.ts'
import { HEAD_MAX_BYTES, KEY_BYTES, OTHER_RECORD_MAX_BYTES, RELEASE_MAX_BYTES, SIGNATURE_BYTES } from './limits.ts'
import { checkSignature } from './signature-check.ts'
import { asciiToBytes } from './text.ts'
import { wireVersions } from './version.ts'

/**
 * A signed record: body bytes, key and signature. The signature also covers the kind, so a body signed as one kind is
 * invalid as another. The identity decides whether the key may sign for a publisher.
 *
 * Later versions add kinds and body fields. The envelope itself is closed: anyone could change fields outside of the
 * signature.
 */

/** A kind that this version supports. */
export type EnvelopeKind = 'release' | 'head'

export interface Envelope {
  readonly v: 1
  readonly kind: string
  readonly body: Uint8Array
  /** Raw Ed25519 public key of 32 bytes. Any other length is a key type that this version cannot verify. */
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

/** Body and key of an envelope. */
export interface Opened {
  readonly body: Uint8Array
  readonly key: Uint8Array
}

export interface OpenedHashed extends Opened {
  /** SHA-256 of the body. */
  readonly hash: Uint8Array
}

const createEnvelopeCodec = (kind: EnvelopeKind | undefined, name: string, maxBytes: number) =>
  createCodec<Envelope>({
    name,
    version: wireVersions.envelope,
    maxBytes,
    schema: v.strictObject({
      v: v.literal(wireVersions.envelope, 'another version is expected'),
      kind: kind === undefined ? token : v.literal(kind, 'another kind of record is expected'),
      body: bytes(1, maxBytes),
      key: publicKey,
      signature,
    }),
  })

export const envelopeCodecs: Readonly<Record<EnvelopeKind, Codec<Envelope>>> = {
  release: createEnvelopeCodec('release', 'signed release', RELEASE_MAX_BYTES),
  head: createEnvelopeCodec('head', 'signed head', HEAD_MAX_BYTES),
}

/** A signed record of any kind. */
export const anyEnvelopeCodec = createEnvelopeCodec(undefined, 'signed record', OTHER_RECORD_MAX_BYTES)

const isEnvelopeKind = (kind: string): kind is EnvelopeKind => kind === 'release' || kind === 'head'

const codecOf = (kind: string): Codec<Envelope> => (isEnvelopeKind(kind) ? envelopeCodecs[kind] : anyEnvelopeCodec)

/** @throws RecordError `RecordTooLarge` if the signed record exceeds the limit of its kind. */
export const sign = async (kind: string, body: Uint8Array, signer: Signer): Promise<Uint8Array> =>
  codecOf(kind).encode({
    v: wireVersions.envelope,
    kind,
    body,
    key: signer.publicKey,
    signature: await signer.sign(toSign(kind, body)),
  })

/**
 * Decodes an envelope and verifies its signature by the key that it names. Depends on the bytes alone. Fails with
 * `RecordUnsupported` for a key type that this version cannot verify.
 */
export const open = async (kind: string, envelope: Uint8Array, verify: Verify): Promise<Decoded<Opened>> => {
  const read = readEnvelope(kind, envelope)
  if (!read.ok) return read
  const { body, key, signature } = read.value
  const check = await checkSignature(verify, key, toSign(kind, body), signature)
  if (check === 'good') return decoded({ body, key })
  return check === 'bad'
    ? refused('SignatureInvalid', `The signature of this ${kind} does not fit its content: it was changed or forged.`)
    : refused('RecordUnsupported', `This ${kind} is signed by a type of key that this program does not know.`)
}

/** Opens an envelope and hashes its body in parallel, which takes one turn of the event loop instead of two. */
export const openHashed = async (
  kind: string,
  envelope: Uint8Array,
  crypto: CryptoProvider,
): Promise<Decoded<OpenedHashed>> => {
  const peeked = peek(kind, envelope)
  if (!peeked.ok) return peeked
  const [opened, hash] = await Promise.all([open(kind, envelope, crypto.verify), crypto.sha256(peeked.value.body)])
  return opened.ok ? decoded({ ...opened.value, hash }) : opened
}

/** Decodes an envelope without verifying the signature, to learn whose identity is needed. */
export const peek = (kind: string, envelope: Uint8Array): Decoded<Opened> => {
  const read = readEnvelope(kind, envelope)
  return read.ok ? decoded({ body: read.value.body, key: read.value.key }) : read
}

const readEnvelope = (kind: string, envelope: Uint8Array): Decoded<Envelope> => {
  const read = codecOf(kind).decode(envelope)
  return read.ok && read.value.kind !== kind
    ? refused('RecordMalformed', 'This signed record is not valid: it is of another kind.')
    : read
}

/**
 * Returns the id of a signed record, independent of its signature: the hash of the body, which heads name; for unknown
 * kinds the hash of the signed message. That message covers the kind, so no record can pass for one of another kind, an
 * identity or a page.
 */
export const signedId = (kind: string, body: Uint8Array, crypto: Pick<CryptoProvider, 'sha256'>): Promise<Uint8Array> =>
  crypto.sha256(isEnvelopeKind(kind) ? body : toSign(kind, body))

/** Returns the size of a signed record with a body of this size (bytes). */
export const envelopeSize = (kind: string, bodyBytes: number): number =>
  ENVELOPE_BYTES + kind.length + byteStringHeadSize(bodyBytes) + bodyBytes

const toSign = (kind: string, body: Uint8Array): Uint8Array => {
  const context = asciiToBytes(`ggen-${kind}-v1\0`)
  const message = new Uint8Array(context.length + body.length)
  message.set(context)
  message.set(body, context.length)
  return message
}

// A map of five entries: its head, five keys with a head each, `v`, the head of `kind`, `key` and `signature`.
const ENVELOPE_BYTES =
  1 + ['v', 'kind', 'body', 'key', 'signature'].join('').length + 5 + 1 + 1 + (2 + KEY_BYTES) + (2 + SIGNATURE_BYTES)

const byteStringHeadSize = (size: number): number => (size < 24 ? 1 : size < 256 ? 2 : size < 65_536 ? 3 : 5)
