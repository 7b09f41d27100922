import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import type { Entry } from '../protocol/entry.ts'
import { buildHead, headPageCodec, signHead, type VersionEntry } from '../protocol/head.ts'
import { createIdentity, type Identity } from '../protocol/identity.ts'
import { toHex } from '../protocol/ids.ts'
import { type Release, signRelease } from '../protocol/release.ts'
import type { VerifiedEntry } from '../registry/catalogue.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'

/** Creates publishers with real keys, each derived from a number. */

export interface TestPublisher {
  readonly identity: Identity
  readonly signer: Signer
  readonly rotation: Signer
  identityEntry(identity?: Identity): Promise<Extract<VerifiedEntry, { kind: 'identity' }>>
  release(
    slug: string,
    version: string,
    changes?: Partial<Release>,
    signer?: Signer,
  ): Promise<Extract<VerifiedEntry, { kind: 'release' }>>
  /** The head, then its pages. */
  head(slug: string, seq: number, versions: readonly VersionEntry[], signer?: Signer): Promise<VerifiedEntry[]>
}

const crypto: CryptoProvider = webCrypto

const seed = (number: number): Uint8Array => new Uint8Array(32).fill(number)

export const rootOf = (number: number): Uint8Array => new Uint8Array(32).fill(number)

export const createTestPublisher = async (number: number, name = `publisher-${number}`): Promise<TestPublisher> => {
  const signer = await createSigner(seed(number))
  const rotation = await createSigner(seed(number + 100))
  const identity = await createIdentity({ name, rotation, signingKey: signer.publicKey }, crypto)
  const publisher = identity.publisherId
  return {
    identity,
    signer,
    rotation,
    async identityEntry(given = identity) {
      return { kind: 'identity', id: toHex(await crypto.sha256(given.chain)), identity: given }
    },
    async release(slug, version, changes = {}, by = signer) {
      const release: Release = {
        v: 1,
        publisher,
        slug,
        version,
        root: rootOf(1),
        size: 10,
        fileCount: 1,
        dependencies: [],
        seq: 1,
        prevRelease: null,
        publishedAt: 1,
        displayName: slug,
        description: '',
        category: 'backend',
        tags: [],
        keywords: [],
        license: 'MIT',
        authors: [],
        repository: '',
        hasTemplates: false,
        ...changes,
      }
      const verified = await signRelease(release, by, crypto)
      return { kind: 'release', id: toHex(verified.hash), release: verified }
    },
    async head(slug, seq, versions, by = signer) {
      const built = await buildHead({ publisher, slug, seq, versions }, crypto)
      const head = await signHead(built.head, by, crypto)
      const pages = built.pages.map(({ hash, bytes }): VerifiedEntry => {
        const page = headPageCodec.decode(bytes)
        if (!page.ok) throw new Error(page.message)
        return { kind: 'page', id: toHex(hash), page: page.value, bytes }
      })
      return [{ kind: 'head', id: toHex(head.hash), head, key: by.publicKey }, ...pages]
    },
  }
}

/** The identity as an entry, as peers send it. */
export const toEntry = (entry: VerifiedEntry): Entry => {
  switch (entry.kind) {
    case 'identity':
      return { kind: 'identity', bytes: entry.identity.chain }
    case 'head':
      return { kind: 'head', bytes: entry.head.bytes }
    case 'release':
      return { kind: 'release', bytes: entry.release.bytes }
    case 'page':
      return { kind: 'page', bytes: entry.bytes }
    case 'other':
      return { kind: entry.record.record.kind, bytes: entry.record.bytes }
  }
}

/** Creates a package with these versions, latest first, as entries with their identity. */
export const createHistory = async (
  publisher: TestPublisher,
  slug: string,
  versions: readonly string[],
): Promise<VerifiedEntry[]> => {
  const releases = await Promise.all(versions.map((version) => publisher.release(slug, version)))
  const entries = releases.map(
    ({ release }): VersionEntry => ({ version: release.release.version, release: release.hash }),
  )
  return [await publisher.identityEntry(), ...releases, ...(await publisher.head(slug, 1, entries))]
}
