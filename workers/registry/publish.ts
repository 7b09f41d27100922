import { Failure, type FailureName, failureNames } from '../contract/failures.ts'
import type { WarningReason } from '../contract/reasons.ts'
import type { DependencyView, Finding, PackageCheck } from '../contract/views.ts'
import { sameBytes } from '../protocol/bytes.ts'
import type { CryptoProvider, Signer } from '../protocol/crypto.ts'
import { RecordError } from '../protocol/decoded.ts'
import { buildHead, headPageCodec, signHead, type VersionEntry } from '../protocol/head.ts'
import type { Identity } from '../protocol/identity.ts'
import { isSlug, type PackageId, packageId, rootToText, splitPackageId, toHex } from '../protocol/ids.ts'
import { type Dependency, type Release, signRelease, type VerifiedRelease } from '../protocol/release.ts'
import { wireVersions } from '../protocol/version.ts'
import { compareVersions, isRange, isVersion } from '../protocol/versions-and-ranges.ts'
import type { Change } from '../store/store.ts'
import type { CataloguePackage, VerifiedEntry } from './catalogue.ts'
import type { Outbox, PublicationEntry } from './outbox.ts'
import type { Commit, Registry } from './registry.ts'

/**
 * Signs and stores what this profile publishes.
 *
 * Guarantees: content, release, head and outbox entry are stored in one strict write, or none of them is; a version
 * never gets a second content; concurrent publishes give consecutive releases. Not guaranteed: that no other device
 * with the same publisher key has published a version that has not reached this one.
 */
export interface Publisher {
  /**
   * Validates a publication without signing or storing anything.
   * @throws Failure the first error of the check, `VersionExists` (for another root), `InvalidArgument`.
   */
  prepare(check: PackageCheck, content?: { readonly root: Uint8Array }): Prepared
  /**
   * Durable when it resolves. Publishing the same content under the same version again changes nothing.
   * @throws Failure as `prepare`; storage failures, in which case nothing is stored.
   */
  publish(check: PackageCheck, content: PublishedContent): Promise<Published>
  /** @throws Failure `InvalidArgument` for another publisher's package, `PackageNotFound`, `VersionNotFound`. */
  yank(id: string, version: string): Promise<Yanked>
}

export interface Prepared {
  readonly id: PackageId
  readonly version: string
  /** Warnings in addition to the findings of the check. */
  readonly warnings: WarningReason[]
}

export interface PublishedContent {
  readonly root: Uint8Array
  /** Sum of the file sizes (bytes). */
  readonly size: number
  readonly fileCount: number
  /** The changes that store the content. */
  readonly changes: readonly Change[]
}

export interface Published extends Prepared {
  readonly root: string
  /** True if the same content was already published under this version. */
  readonly existing: boolean
}

export interface Yanked {
  readonly id: PackageId
  readonly version: string
  /** False if it was already yanked. */
  readonly changed: boolean
}

/** The publishing identity. `current` and `signer` return the state at the time of the call. */
export interface SigningIdentity {
  /** Adopts what another tab of this profile stored meanwhile. To be called in the registry's queue, before signing. */
  refresh(commit: Commit): Promise<void>
  current(): Identity
  /** @throws Failure `IdentityInvalid` when no key of this profile may sign for `current()`. */
  signer(role: 'release' | 'head'): Signer
}

export interface PublisherDependencies {
  readonly registry: Pick<Registry, 'get' | 'releasesOf' | 'exclusive'>
  readonly outbox: Pick<Outbox, 'toChange' | 'note'>
  readonly identity: SigningIdentity
  readonly crypto: CryptoProvider
  now(): number
  hasTemplates(files: readonly { path: string }[]): boolean
}

export const createPublisher = (dependencies: PublisherDependencies): Publisher => {
  const { registry, outbox, identity, crypto, now, hasTemplates } = dependencies

  const checkVersion = (id: PackageId, version: string, root: Uint8Array | undefined): VerifiedRelease | undefined => {
    const found = registry.get(id)
    const listed = found?.versions.find((each) => each.version === version)
    const known = registry.releasesOf(id, version)
    if (listed === undefined && known.length === 0) return undefined
    const slug = found?.slug ?? id
    if (root === undefined) throw versionExists(slug, version, found)
    if (listed !== undefined && listed.release === undefined) {
      throw new Failure('VersionExists', { code: 'version-record-lost', package: slug, version })
    }
    const other = known.find(({ release }) => !sameBytes(release.root, root))
    if (other !== undefined) throw versionExists(slug, version, found)
    return listed?.release
  }

  const prepare = (check: PackageCheck, root: Uint8Array | undefined): Prepared & { existing?: VerifiedRelease } => {
    assertChecked(check)
    const { slug, version } = check.fields
    if (!isSlug(slug)) throw new Failure('NameInvalid', { code: 'malformed-name', name: slug })
    if (!isVersion(version)) throw new Failure('VersionInvalid', { code: 'malformed-version', version })
    const id = packageId(identity.current().publisherId, slug)
    const warnings: WarningReason[] = []
    const existing = checkVersion(id, version, root)
    const found = registry.get(id)
    if (existing !== undefined) {
      warnings.push({ code: 'published-before', package: slug, version })
      if (found?.versions.some((each) => each.version === version && each.yanked)) {
        warnings.push({ code: 'published-and-yanked', package: slug, version })
      }
      return { id, version, warnings, existing }
    }
    const highest = found?.versions[0]?.version
    if (highest !== undefined && compareVersions(version, highest) < 0) {
      warnings.push({ code: 'version-lower', version, highest })
    }
    return { id, version, warnings }
  }

  /** Every write includes our own identity, which verifies our records after a restart. */
  const identityEntry = async (): Promise<VerifiedEntry> => {
    const current = identity.current()
    return { kind: 'identity', id: toHex(await crypto.sha256(current.chain)), identity: current }
  }

  const buildHeadEntries = async (
    slug: string,
    found: CataloguePackage | undefined,
    versions: readonly VersionEntry[],
  ): Promise<{ entries: VerifiedEntry[]; seq: number }> => {
    const seq = (found?.head.head.seq ?? 0) + 1
    const signer = identity.signer('head')
    const { publisherId: publisher } = identity.current()
    const built = await buildHead({ publisher, slug, seq, versions, before: found?.head.head }, crypto)
    const head = await signHead(built.head, signer, crypto)
    const entries: VerifiedEntry[] = [{ kind: 'head', id: toHex(head.hash), head, key: signer.publicKey }]
    for (const { hash, bytes } of built.pages) {
      const page = headPageCodec.decode(bytes)
      if (!page.ok) throw new Failure('Internal', { code: 'record-refused', detail: page.message })
      entries.push({ kind: 'page', id: toHex(hash), page: page.value, bytes })
    }
    return { entries, seq }
  }

  const store = async (
    commit: Commit,
    entries: readonly VerifiedEntry[],
    changes: readonly Change[],
    entry: PublicationEntry,
  ): Promise<void> => {
    await commit([await identityEntry(), ...entries], [...changes, outbox.toChange(entry)])
    outbox.note(entry)
  }

  const publish = async (commit: Commit, check: PackageCheck, content: PublishedContent): Promise<Published> => {
    const { existing, ...prepared } = prepare(check, content.root)
    const { id, version } = prepared
    const root = rootToText(content.root)
    if (existing !== undefined) {
      // The stored content may have been lost since.
      await commit([], content.changes)
      return { ...prepared, root, existing: true }
    }
    const { slug } = check.fields
    const found = registry.get(id)
    assertComplete(found)
    const previous = found === undefined ? undefined : newestRelease(found)
    const publishedAt = Math.max(0, Math.floor(now()))
    const release = await signRelease(
      {
        ...toReleaseFields(check),
        v: wireVersions.release,
        publisher: identity.current().publisherId,
        root: content.root,
        size: content.size,
        fileCount: content.fileCount,
        seq: previous === undefined ? 1 : previous.seq + 1,
        prevRelease: previous?.hash ?? null,
        publishedAt,
        hasTemplates: hasTemplates(check.files),
      },
      identity.signer('release'),
      crypto,
    )
    const versions = [{ version, release: release.hash }, ...(found?.entries ?? [])]
    const { entries, seq } = await buildHeadEntries(slug, found, versions)
    await store(commit, [{ kind: 'release', id: toHex(release.hash), release }, ...entries], content.changes, {
      v: 1,
      id,
      slug,
      version,
      seq,
      publishedAt,
      reason: 'publish',
    })
    return { ...prepared, root, existing: false }
  }

  const yank = async (commit: Commit, givenId: string, version: string): Promise<Yanked> => {
    const parts = splitPackageId(givenId)
    if (!parts.ok) throw new Failure('InvalidArgument', { code: 'malformed-package-id', id: givenId })
    const { slug } = parts.value
    const { publisherId: publisher } = identity.current()
    if (parts.value.publisher !== publisher) {
      throw new Failure('InvalidArgument', { code: 'not-your-package', package: slug })
    }
    const id = packageId(publisher, slug)
    const found = registry.get(id)
    if (found === undefined) throw new Failure('PackageNotFound', { code: 'not-published', package: slug })
    assertComplete(found)
    const entry = found.entries.find((each) => each.version === version)
    if (entry === undefined) {
      throw new Failure('VersionNotFound', {
        code: 'no-such-version',
        package: slug,
        version,
        versions: found.versions.slice(0, maxListed).map((each) => each.version),
      })
    }
    if (entry.yanked === true) return { id, version, changed: false }
    const versions = found.entries.map((each): VersionEntry => (each === entry ? { ...each, yanked: true } : each))
    const { entries, seq } = await buildHeadEntries(slug, found, versions)
    const publishedAt = Math.max(0, Math.floor(now()))
    await store(commit, entries, [], { v: 1, id, slug, version, seq, publishedAt, reason: 'yank' })
    return { id, version, changed: true }
  }

  /** Runs `task` in the registry's queue, with the newest identity that this profile has stored. */
  const withIdentity = <T>(task: (commit: Commit) => Promise<T>): Promise<T> =>
    named(
      registry.exclusive(async (commit) => {
        await identity.refresh(commit)
        return task(commit)
      }),
    )

  return {
    prepare(check, content) {
      const { id, version, warnings } = prepare(check, content?.root)
      return { id, version, warnings }
    },
    publish: (check, content) => withIdentity((commit) => publish(commit, check, content)),
    yank: (id, version) => withIdentity((commit) => yank(commit, id, version)),
  }
}

/** Turns the error of a record that breaks a limit of the wire format into a failure of the same name. */
const named = async <T>(result: Promise<T>): Promise<T> => {
  try {
    return await result
  } catch (error) {
    throw error instanceof RecordError
      ? new Failure(error.name, { code: 'record-refused', detail: error.message })
      : error
  }
}

const assertChecked = ({ ok, findings }: PackageCheck): void => {
  const fault = findings.find(({ level }) => level === 'error')
  if (fault !== undefined) throw new Failure(toFailureName(fault), fault.reason)
  if (!ok) throw new Failure('InvalidArgument', { code: 'unpublishable' })
}

const toFailureName = ({ name }: Finding): FailureName =>
  failureNames.find((each) => each === name) ?? 'InvalidArgument'

const versionExists = (slug: string, version: string, found: CataloguePackage | undefined): Failure =>
  new Failure('VersionExists', { code: 'version-exists', package: slug, version, highest: found?.versions[0]?.version })

/** A head built from some of the versions would lose the others. */
const assertComplete = (found: CataloguePackage | undefined): void => {
  if (found === undefined || found.complete) return
  throw new Failure('ContentUnavailable', { code: 'older-versions-missing', package: found.slug })
}

/** Returns the last published release. If its record is missing, `seq` is the number of versions. */
const newestRelease = (found: CataloguePackage): { hash: Uint8Array; seq: number } | undefined => {
  const [newest] = found.entries
  if (newest === undefined) return undefined
  const record = found.versions.find(({ version }) => version === newest.version)?.release
  return { hash: newest.release, seq: record?.release.seq ?? found.entries.length }
}

/** Versions in one failure; a person reads no more. */
const maxListed = 12

type ReleaseFields = Omit<
  Release,
  'v' | 'publisher' | 'root' | 'size' | 'fileCount' | 'seq' | 'prevRelease' | 'publishedAt' | 'hasTemplates'
>

const toReleaseFields = ({ fields, dependencies }: PackageCheck): ReleaseFields => ({
  slug: fields.slug,
  version: fields.version,
  dependencies: dependencies.map(toDependency),
  displayName: fields.displayName,
  description: fields.description,
  category: fields.category,
  tags: fields.tags,
  keywords: fields.keywords,
  license: fields.license,
  authors: fields.authors,
  repository: fields.repository,
})

const toDependency = ({ name, range, optional, kind, ecosystem }: DependencyView): Dependency => ({
  // A dependency with an invalid package name or range must not claim to be a package.
  kind: kind === 'package' && !(isSlug(name) && isRange(range)) ? 'unknown' : kind,
  name,
  range,
  optional,
  ...(kind === 'external' && ecosystem !== undefined ? { ecosystem } : {}),
})
