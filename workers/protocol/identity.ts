import * as v from 'valibot'
import { sameBytes } from './bytes.ts'
import { createCodec } from './codec.ts'
import type { CryptoProvider, Signer } from './crypto.ts'
import { type Decoded, decoded, RecordError, refused } from './decoded.ts'
import { bytes, hash, integer, openRecord, publicKey, seq, shortList, signature } from './fields.ts'
import { hashToPublisherId, isPublisherName, type PublisherId } from './ids.ts'
import {
  IDENTITY_CHAIN_MAX_BYTES,
  IDENTITY_DOCUMENT_MAX_BYTES,
  MAX_IDENTITY_DOCUMENTS,
  MAX_IDENTITY_KEYS,
} from './limits.ts'
import { checkSignature, type SignatureCheck } from './signature-check.ts'
import { asciiToBytes } from './text.ts'
import { wireVersions } from './version.ts'

/**
 * The identity of a publisher: a chain of documents. The hash of the first is the publisher id; each later document is
 * signed by rotation keys of the previous one. So keys can change and an identity can end without a registry.
 *
 * Guarantee: a verified identity was made by the holders of its keys. Not guaranteed: that it is the newest (see
 * `extendsIdentity`), or who the holders are.
 */

/** One state of a publisher. */
export interface IdentityDocument {
  readonly v: 1
  /** 1, 2, 3 … along the chain. */
  readonly seq: number
  /** SHA-256 of the previous document; null in the first. */
  readonly prev: Uint8Array | null
  /** Keys that may sign the next document. */
  readonly rotationKeys: readonly Uint8Array[]
  /** Number of rotation keys that must sign. */
  readonly threshold: number
  /** Keys that sign releases and heads; empty after revocation. */
  readonly signingKeys: readonly Uint8Array[]
  readonly name: string
  /** Ends the identity: no further documents or heads are accepted. */
  readonly revoked: boolean
}

export interface IdentityChain {
  readonly v: 1
  readonly documents: readonly {
    /** An encoded `IdentityDocument`. */
    readonly document: Uint8Array
    /**
     * Exactly `threshold` signatures, by ascending index into the rotation keys of the previous document (the first
     * document signs itself).
     */
    readonly signatures: readonly { readonly key: number; readonly signature: Uint8Array }[]
  }[]
}

/** A verified chain and its current state. */
export interface Identity {
  readonly publisherId: PublisherId
  readonly name: string
  readonly seq: number
  readonly rotationKeys: readonly Uint8Array[]
  readonly threshold: number
  readonly signingKeys: readonly Uint8Array[]
  /** Signing keys of all documents, so that old releases stay valid after a key change. */
  readonly everSigningKeys: readonly Uint8Array[]
  readonly revoked: boolean
  /** The encoded chain. */
  readonly chain: Uint8Array
}

export type IdentityChanges = Partial<
  Pick<IdentityDocument, 'rotationKeys' | 'threshold' | 'signingKeys' | 'name' | 'revoked'>
>

const keyList = (min: number) =>
  v.pipe(
    shortList(publicKey, min, MAX_IDENTITY_KEYS),
    v.check((keys) => keys.every((key, i) => !hasKey(keys.slice(0, i), key)), 'the keys must differ'),
  )

export const identityDocumentCodec = createCodec<IdentityDocument>({
  name: 'identity document',
  version: wireVersions.identityDocument,
  maxBytes: IDENTITY_DOCUMENT_MAX_BYTES,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.identityDocument, 'another version is expected'),
      seq: v.pipe(seq, v.maxValue(MAX_IDENTITY_DOCUMENTS, 'the number is too large')),
      prev: v.nullable(hash),
      rotationKeys: keyList(1),
      threshold: integer(1, MAX_IDENTITY_KEYS),
      signingKeys: keyList(0),
      name: v.pipe(v.string('a name is expected'), v.check(isPublisherName, 'a name without @, / and ~ is expected')),
      revoked: v.boolean('yes or no is expected'),
    }),
    v.check((document) => (document.seq === 1) === (document.prev === null), 'only the first document has none before'),
    v.check(
      (document) => document.threshold <= document.rotationKeys.length,
      'more signatures are asked for than keys',
    ),
    v.check(
      (document) => document.revoked === (document.signingKeys.length === 0),
      'signing keys end with the identity',
    ),
  ),
})

export const identityChainCodec = createCodec<IdentityChain>({
  name: 'identity',
  version: wireVersions.identityChain,
  maxBytes: IDENTITY_CHAIN_MAX_BYTES,
  // Closed: the chain itself is not signed, so anyone could create any number of variants.
  schema: v.strictObject({
    v: v.literal(wireVersions.identityChain, 'another version is expected'),
    documents: shortList(
      v.strictObject({
        document: bytes(1, IDENTITY_DOCUMENT_MAX_BYTES),
        signatures: v.pipe(
          shortList(v.strictObject({ key: integer(0, MAX_IDENTITY_KEYS - 1), signature }), 1, MAX_IDENTITY_KEYS),
          v.check(
            (signatures) => signatures.every(({ key }, i) => i === 0 || key > (signatures[i - 1]?.key ?? key)),
            'the signatures must be in the order of their keys',
          ),
        ),
      }),
      1,
      MAX_IDENTITY_DOCUMENTS,
    ),
  }),
})

/** Creates an identity with one rotation key and one signing key. Deterministic for the same keys and name. */
export const createIdentity = async (
  options: { readonly name: string; readonly rotation: Signer; readonly signingKey: Uint8Array },
  crypto: CryptoProvider,
): Promise<Identity> => {
  const { name, rotation, signingKey } = options
  const document: IdentityDocument = {
    v: wireVersions.identityDocument,
    seq: 1,
    prev: null,
    rotationKeys: [rotation.publicKey],
    threshold: 1,
    signingKeys: [signingKey],
    name,
    revoked: false,
  }
  return appendDocument([], document, document, [rotation], crypto)
}

/**
 * Appends a document with some fields changed. `revoked: true` also clears the signing keys and cannot be undone.
 * @param signers signers with current rotation keys, at least `threshold`; the others are ignored.
 * @throws RecordError `IdentityInvalid` if signers are missing or the identity has ended.
 */
export const updateIdentity = async (
  identity: Identity,
  changes: IdentityChanges,
  signers: readonly Signer[],
  crypto: CryptoProvider,
): Promise<Identity> => {
  const chain = identityChainCodec.decode(identity.chain)
  if (!chain.ok) throw new RecordError(chain.name, chain.message)
  const last = chain.value.documents.at(-1)
  const before = last === undefined ? undefined : identityDocumentCodec.decode(last.document)
  if (last === undefined || before?.ok !== true) throw new RecordError('IdentityInvalid', 'This identity is not valid.')
  if (before.value.revoked) throw new RecordError('IdentityInvalid', 'This identity was ended by its publisher.')
  const revoked = changes.revoked ?? false
  const document: IdentityDocument = {
    ...before.value,
    ...changes,
    signingKeys: revoked ? [] : (changes.signingKeys ?? before.value.signingKeys),
    revoked,
    seq: before.value.seq + 1,
    prev: await crypto.sha256(last.document),
  }
  return appendDocument(chain.value.documents, document, before.value, signers, crypto)
}

/** Verifies a complete chain: form, order and every signature. */
export const verifyIdentity = async (chainBytes: Uint8Array, crypto: CryptoProvider): Promise<Decoded<Identity>> => {
  const chain = identityChainCodec.decode(chainBytes)
  if (!chain.ok) return chain
  const documents: IdentityDocument[] = []
  for (const { document } of chain.value.documents) {
    const current = identityDocumentCodec.decode(document)
    if (!current.ok) return current
    documents.push(current.value)
  }
  for (const [i, { signatures }] of chain.value.documents.entries()) {
    const current = documents[i]
    const authority = documents[Math.max(0, i - 1)]
    if (current === undefined || authority === undefined) return invalid('a document is missing')
    if (current.seq !== i + 1) return invalid('its documents are out of order')
    if (i > 0 && authority.revoked) return invalid('it goes on after its end')
    if (signatures.length !== authority.threshold) return invalid(`document ${i + 1} has not the signatures it needs`)
  }
  // In parallel: in sequence, each hash and signature would take a turn of the event loop.
  const checked = await Promise.all(
    chain.value.documents.map(async ({ document, signatures }, i) => {
      const { rotationKeys = [] } = documents[Math.max(0, i - 1)] ?? {}
      const message = toSign(document)
      const [hash, ...checks] = await Promise.all([
        crypto.sha256(document),
        ...signatures.map(({ key, signature }): Promise<SignatureCheck> | SignatureCheck => {
          const publicKey = rotationKeys[key]
          return publicKey === undefined ? 'bad' : checkSignature(crypto.verify, publicKey, message, signature)
        }),
      ])
      return { hash, checks }
    }),
  )
  let publisherId: PublisherId | undefined
  let previousHash: Uint8Array | null = null
  for (const [i, { hash, checks }] of checked.entries()) {
    if (!sameHash(documents[i]?.prev ?? null, previousHash)) return invalid('its documents are out of order')
    if (checks.includes('bad')) return invalid(`a signature of document ${i + 1} is wrong`)
    if (checks.includes('unknown key type'))
      return refused(
        'RecordUnsupported',
        `Document ${i + 1} of this identity is signed by a type of key that this program does not know.`,
      )
    previousHash = hash
    publisherId ??= hashToPublisherId(hash)
  }
  const last = documents.at(-1)
  if (last === undefined || publisherId === undefined) return invalid('it has no document')
  return decoded({
    publisherId,
    name: last.name,
    seq: last.seq,
    rotationKeys: last.rotationKeys,
    threshold: last.threshold,
    signingKeys: last.signingKeys,
    everSigningKeys: documents
      .flatMap((document) => document.signingKeys)
      .filter((key, i, keys) => !hasKey(keys.slice(0, i), key)),
    revoked: last.revoked,
    chain: chainBytes,
  })
}

/** Decodes the last document of a chain without verifying signatures, to learn the publisher's name. */
export const peekIdentity = (chainBytes: Uint8Array): Decoded<IdentityDocument> => {
  const chain = identityChainCodec.decode(chainBytes)
  if (!chain.ok) return chain
  const last = chain.value.documents.at(-1)
  return last === undefined ? invalid('it has no document') : identityDocumentCodec.decode(last.document)
}

/**
 * Returns whether `newer` continues or equals `older`, document by document. If neither continues the other, the
 * publisher signed two histories, and the first to arrive must not be replaced silently.
 */
export const extendsIdentity = (newer: Identity, older: Identity): boolean => {
  const newChain = identityChainCodec.decode(newer.chain)
  const oldChain = identityChainCodec.decode(older.chain)
  return (
    newChain.ok &&
    oldChain.ok &&
    oldChain.value.documents.every(({ document }, i) => {
      const other = newChain.value.documents[i]
      return other !== undefined && sameBytes(other.document, document)
    })
  )
}

export const hasKey = (keys: readonly Uint8Array[], key: Uint8Array): boolean =>
  keys.some((candidate) => sameBytes(candidate, key))

const appendDocument = async (
  before: IdentityChain['documents'],
  document: IdentityDocument,
  authority: IdentityDocument,
  signers: readonly Signer[],
  crypto: CryptoProvider,
): Promise<Identity> => {
  const encoded = identityDocumentCodec.encode(document)
  const signatures: { key: number; signature: Uint8Array }[] = []
  for (const [key, publicKey] of authority.rotationKeys.entries()) {
    const signer = signers.find((candidate) => sameBytes(candidate.publicKey, publicKey))
    if (signer === undefined || signatures.length === authority.threshold) continue
    signatures.push({ key, signature: await signer.sign(toSign(encoded)) })
  }
  const chain = identityChainCodec.encode({
    v: wireVersions.identityChain,
    documents: [...before, { document: encoded, signatures }],
  })
  // Reports missing signatures like those of any other chain, and prevents storing a chain that peers would refuse.
  const identity = await verifyIdentity(chain, crypto)
  if (!identity.ok) throw new RecordError(identity.name, identity.message)
  return identity.value
}

const SIGNING_CONTEXT = asciiToBytes('ggen-identity-v1\0')

const toSign = (document: Uint8Array): Uint8Array => {
  const message = new Uint8Array(SIGNING_CONTEXT.length + document.length)
  message.set(SIGNING_CONTEXT)
  message.set(document, SIGNING_CONTEXT.length)
  return message
}

const sameHash = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : sameBytes(a, b)

const invalid = (reason: string) => refused('IdentityInvalid', `This publisher's identity is not valid: ${reason}.`)
