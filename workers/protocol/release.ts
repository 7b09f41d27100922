import * as v from 'valibot'
import { createCodec } from './codec.ts'
import type { CryptoProvider, Signer } from './crypto.ts'
import { type Decoded, decoded, refused } from './decoded.ts'
import { type OpenedHashed, openHashed, peek, sign } from './envelope.ts'
import {
  distinctLines,
  hash,
  integer,
  line,
  openRecord,
  packageIdField,
  publisherId,
  seq,
  shortList,
  slug,
  timestamp,
  token,
  version,
} from './fields.ts'
import { hasKey, type Identity } from './identity.ts'
import { isSlug, type PackageId, type PublisherId, splitPackageId } from './ids.ts'
import {
  MAX_AUTHOR_CHARACTERS,
  MAX_AUTHORS,
  MAX_CLOSURE,
  MAX_DEPENDENCIES,
  MAX_DEPENDENCY_NAME_CHARACTERS,
  MAX_DESCRIPTION_CHARACTERS,
  MAX_DISPLAY_NAME_CHARACTERS,
  MAX_FILES,
  MAX_KEYWORDS,
  MAX_LICENSE_CHARACTERS,
  MAX_PACKAGE_BYTES,
  MAX_RANGE_CHARACTERS,
  MAX_REPOSITORY_CHARACTERS,
  MAX_TAG_CHARACTERS,
  MAX_TAGS,
  RELEASE_MAX_BYTES,
} from './limits.ts'
import { wireVersions } from './version.ts'
import { isRange } from './versions-and-ranges.ts'

/**
 * One version of a package: signed and immutable. It names its content by root; the manifest describes the content. Two
 * releases of one version with different roots are an equivocation, which only a reader of both can detect.
 */

const dependencyKinds = ['package', 'external', 'asset', 'unknown'] as const
const dependencyEcosystems = ['crate', 'npm', 'python', 'tool'] as const

/** Values that this version supports; later ones may add more. */
export type DependencyKind = (typeof dependencyKinds)[number]
export type DependencyEcosystem = (typeof dependencyEcosystems)[number]

export const isDependencyKind = (kind: string): kind is DependencyKind =>
  (dependencyKinds as readonly string[]).includes(kind)

export const isDependencyEcosystem = (ecosystem: string): ecosystem is DependencyEcosystem =>
  (dependencyEcosystems as readonly string[]).includes(ecosystem)

export interface Dependency {
  /** A `DependencyKind`, or a kind of a later version, which is shown as `unknown` and not installed. */
  readonly kind: string
  /** For a `package` its slug, else the name in the manifest, such as a crate or a path. */
  readonly name: string
  /** For a `package`: the exact package; its slug is `name`. */
  readonly id?: PackageId
  /** For a `package` a node-semver range, else the text of the manifest, which may be empty. */
  readonly range: string
  readonly optional: boolean
  /** For `external`: a `DependencyEcosystem`, or one of a later version. */
  readonly ecosystem?: string
}

/** A release that a direct or transitive dependency resolved to at publication. */
export interface ClosureEntry {
  readonly id: PackageId
  readonly version: string
  readonly root: Uint8Array
}

export interface Release {
  readonly v: 1
  readonly publisher: PublisherId
  readonly slug: string
  readonly version: string
  /** SHA-256 of the content manifest. */
  readonly root: Uint8Array
  /** Sum of the file sizes (bytes). */
  readonly size: number
  readonly fileCount: number
  readonly dependencies: readonly Dependency[]
  /** Not written yet. Meant for installing the dependencies that a release was tested with. */
  readonly closure?: readonly ClosureEntry[]
  /** Counts the releases of this package; the first is 1. */
  readonly seq: number
  /** Hash of the previous release; null in the first. */
  readonly prevRelease: Uint8Array | null
  /** Time by the publisher's clock (ms since the epoch). */
  readonly publishedAt: number
  readonly displayName: string
  readonly description: string
  readonly category: string
  readonly tags: readonly string[]
  readonly keywords: readonly string[]
  readonly license: string
  readonly authors: readonly string[]
  /** Untrusted: check the scheme before using it as a link. */
  readonly repository: string
  readonly hasTemplates: boolean
}

export interface VerifiedRelease {
  readonly release: Release
  /** SHA-256 of the signed body: the release's id in heads, `prevRelease` and the store. */
  readonly hash: Uint8Array
  /** The signed record. */
  readonly bytes: Uint8Array
}

const dependency = v.pipe(
  openRecord({
    kind: token,
    name: line(1, MAX_DEPENDENCY_NAME_CHARACTERS),
    id: v.exactOptional(packageIdField),
    range: line(0, MAX_RANGE_CHARACTERS),
    optional: v.boolean('yes or no is expected'),
    ecosystem: v.exactOptional(token),
  }),
  v.check(
    ({ kind, name, range }) => kind !== 'package' || (isSlug(name) && isRange(range)),
    'a package dependency needs a package name and a version range',
  ),
  v.check(({ kind, name, id }) => {
    if (id === undefined || !isDependencyKind(kind)) return true
    const parts = splitPackageId(id)
    return kind === 'package' && parts.ok && parts.value.slug === name
  }, 'the package id must be of the package that is named'),
  v.check(
    ({ kind, ecosystem }) => kind === 'external' || ecosystem === undefined || !isDependencyKind(kind),
    'only external ones have an ecosystem',
  ),
)

export const releaseCodec = createCodec<Release>({
  name: 'release record',
  version: wireVersions.release,
  maxBytes: RELEASE_MAX_BYTES,
  schema: v.pipe(
    openRecord({
      v: v.literal(wireVersions.release, 'another version is expected'),
      publisher: publisherId,
      slug,
      version,
      root: hash,
      size: integer(0, MAX_PACKAGE_BYTES),
      fileCount: integer(1, MAX_FILES),
      dependencies: shortList(dependency, 0, MAX_DEPENDENCIES),
      closure: v.exactOptional(shortList(openRecord({ id: packageIdField, version, root: hash }), 0, MAX_CLOSURE)),
      seq,
      prevRelease: v.nullable(hash),
      publishedAt: timestamp,
      displayName: line(1, MAX_DISPLAY_NAME_CHARACTERS),
      description: line(0, MAX_DESCRIPTION_CHARACTERS),
      category: line(1, MAX_TAG_CHARACTERS),
      tags: distinctLines(MAX_TAGS, MAX_TAG_CHARACTERS),
      keywords: distinctLines(MAX_KEYWORDS, MAX_TAG_CHARACTERS),
      license: line(0, MAX_LICENSE_CHARACTERS),
      authors: distinctLines(MAX_AUTHORS, MAX_AUTHOR_CHARACTERS),
      repository: line(0, MAX_REPOSITORY_CHARACTERS),
      hasTemplates: v.boolean('yes or no is expected'),
    }),
    v.check(
      (release) => (release.seq === 1) === (release.prevRelease === null),
      'only the first release has none before',
    ),
  ),
})

/** @throws RecordError if the release is invalid or too large. */
export const signRelease = async (
  release: Release,
  signer: Signer,
  crypto: CryptoProvider,
): Promise<VerifiedRelease> => {
  const body = releaseCodec.encode(release)
  return { release, hash: await crypto.sha256(body), bytes: await sign('release', body, signer) }
}

/**
 * Verifies a signed release. Former signing keys of the publisher are valid, so old releases survive a key change.
 * @param preOpened the result of `openHashed` for these bytes, if available.
 */
export const verifyRelease = async (
  bytes: Uint8Array,
  identity: Identity,
  crypto: CryptoProvider,
  preOpened?: Decoded<OpenedHashed>,
): Promise<Decoded<VerifiedRelease>> => {
  const peeked = peekRelease(bytes)
  if (!peeked.ok) return peeked
  if (peeked.value.publisher !== identity.publisherId) {
    return refused('IdentityInvalid', 'This release belongs to another publisher.')
  }
  const envelope = peek('release', bytes)
  if (!envelope.ok) return envelope
  // Checked first: verifying the signature costs a hundred times as much.
  if (!hasKey(identity.everSigningKeys, envelope.value.key)) {
    return refused('SignatureInvalid', 'This release is signed with a key that its publisher never had.')
  }
  const opened = preOpened ?? (await openHashed('release', bytes, crypto))
  if (!opened.ok) return opened
  return decoded({ release: peeked.value, hash: opened.value.hash, bytes })
}

/** Decodes a signed release without verifying the signature, to learn whose identity is needed. */
export const peekRelease = (bytes: Uint8Array): Decoded<Release> => {
  const envelope = peek('release', bytes)
  return envelope.ok ? releaseCodec.decode(envelope.value.body) : envelope
}
