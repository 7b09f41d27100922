import { announcementCodec } from '../protocol/announcement.ts'
import type { Signer } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { type EnvelopeKind, envelopeCodecs } from '../protocol/envelope.ts'
import { buildHead, signHead, type VerifiedHead } from '../protocol/head.ts'
import { createIdentity, type Identity, identityChainCodec } from '../protocol/identity.ts'
import { type Release, releaseCodec, signRelease, type VerifiedRelease } from '../protocol/release.ts'
import { createSigner, generateSigningKey, webCrypto } from '../stack/web-crypto.ts'

/** A publisher with hand-made records: valid ones, and forged ones that differ in one respect. */
export interface Forger {
  readonly identity: Identity
  readonly signer: Signer
  /** Creates a valid release of one version, with some fields changed, and its head. */
  release(slug: string, version: string, seq?: number, changes?: Partial<Release>): Promise<State>
}

/** One state of a package. */
export interface State {
  readonly identity: Identity
  readonly release: VerifiedRelease
  readonly head: VerifiedHead
}

export const createForger = async (name: string, rotationKey?: Signer): Promise<Forger> => {
  const rotation = rotationKey ?? (await createSigner(await generateSigningKey()))
  const signer = await createSigner(await generateSigningKey())
  const identity = await createIdentity({ name, rotation, signingKey: signer.publicKey }, webCrypto)
  const publisher = identity.publisherId
  return {
    identity,
    signer,
    async release(slug, version, seq = 1, changes = {}) {
      const release = await signRelease(
        {
          v: 1,
          publisher,
          slug,
          version,
          root: new Uint8Array(32).fill(7),
          size: 10,
          fileCount: 1,
          dependencies: [],
          seq,
          prevRelease: seq === 1 ? null : new Uint8Array(32).fill(8),
          publishedAt: 1_700_000_000_000,
          displayName: slug,
          description: `The ${slug} package`,
          category: 'test',
          tags: [],
          keywords: [],
          license: 'MIT',
          authors: [],
          repository: '',
          hasTemplates: false,
          ...changes,
        },
        signer,
        webCrypto,
      )
      const { head } = await buildHead(
        { publisher, slug, seq, versions: [{ version, release: release.hash }] },
        webCrypto,
      )
      return { identity, release, head: await signHead(head, signer, webCrypto) }
    },
  }
}

export const entriesOf = ({ identity, head, release }: State): Entry[] => [
  { kind: 'identity', bytes: identity.chain },
  { kind: 'head', bytes: head.bytes },
  { kind: 'release', bytes: release.bytes },
]

export const announcementOf = (entries: readonly Entry[]): Uint8Array => {
  const bytesOf = (kind: Entry['kind']) => entries.find((entry) => entry.kind === kind)?.bytes
  return announcementCodec.encode({
    v: 1,
    identity: bytesOf('identity') ?? new Uint8Array(),
    head: bytesOf('head') ?? new Uint8Array(),
    release: bytesOf('release') ?? null,
  })
}

/** The same record with another signature. */
export const withWrongSignature = (kind: EnvelopeKind, bytes: Uint8Array): Uint8Array => {
  const envelope = readEnvelope(kind, bytes)
  const signature = envelope.signature.slice()
  signature[0] = (signature[0] ?? 0) ^ 1
  return envelopeCodecs[kind].encode({ ...envelope, signature })
}

/** The same record with a key and a signature of a type that this version cannot check. */
export const withUnknownKeyType = (kind: EnvelopeKind, bytes: Uint8Array): Uint8Array =>
  envelopeCodecs[kind].encode({
    ...readEnvelope(kind, bytes),
    key: new Uint8Array(57).fill(3),
    signature: new Uint8Array(114).fill(4),
  })

/** The same signature over a release with some fields changed. */
export const withChangedFields = (bytes: Uint8Array, changes: Partial<Release>): Uint8Array => {
  const envelope = readEnvelope('release', bytes)
  const release = releaseCodec.decode(envelope.body)
  if (!release.ok) throw new Error(release.message)
  return envelopeCodecs.release.encode({ ...envelope, body: releaseCodec.encode({ ...release.value, ...changes }) })
}

/** The release of `state`, signed by another key in the name of its publisher. */
export const signedBy = async (other: Forger, state: State): Promise<State> => ({
  identity: state.identity,
  release: await signRelease(state.release.release, other.signer, webCrypto),
  head: await signHead(state.head.head, other.signer, webCrypto),
})

/** The identity with another signature under its only document. */
export const withForgedIdentity = (chain: Uint8Array): Uint8Array => {
  const read = identityChainCodec.decode(chain)
  if (!read.ok) throw new Error(read.message)
  return identityChainCodec.encode({
    v: 1,
    documents: read.value.documents.map(({ document, signatures }) => ({
      document,
      signatures: signatures.map(({ key, signature }) => ({ key, signature: signature.map((byte) => byte ^ 255) })),
    })),
  })
}

const readEnvelope = (kind: EnvelopeKind, bytes: Uint8Array) => {
  const read = envelopeCodecs[kind].decode(bytes)
  if (!read.ok) throw new Error(read.message)
  return read.value
}
