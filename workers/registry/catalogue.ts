import { sameBytes } from '../protocol/bytes.ts'
import type { HeadPage, VerifiedHead, VersionEntry } from '../protocol/head.ts'
import { extendsIdentity, hasKey, type Identity } from '../protocol/identity.ts'
import { type PackageId, type PublisherId, packageId, toHex } from '../protocol/ids.ts'
import { MAX_VERSIONS } from '../protocol/limits.ts'
import type { VerifiedOtherRecord } from '../protocol/other-record.ts'
import type { VerifiedRelease } from '../protocol/release.ts'
import { compareVersions } from '../protocol/versions-and-ranges.ts'
import { type BoundedKeySet, createBoundedKeySet } from './bounded-key-set.ts'
import { pickOffered } from './offered-version.ts'
import { createOrphanPages } from './orphan-pages.ts'
import { createOtherRecords, type OtherEntry, type OtherRecords } from './other-records.ts'
import { createRecordStore, type RecordStore } from './record-store.ts'

/**
 * Folds all verified entries into packages.
 *
 * Guarantees: the head with the highest `seq` of a package wins; of two competing heads the one with the smaller hash
 * wins, and the package is marked as contested. Two releases of one version with different roots mark it as an
 * equivocation, and both are kept. Adding is idempotent and independent of the order, so peers with the same entries
 * show the same packages. The memory per publisher is bounded: above its limits the keys that sort last are evicted,
 * the same at every peer.
 *
 * Not guaranteed: a bound on the number of publishers. The order matters in two cases. When a publisher signed two
 * histories of its identity, the first to arrive stays (first use), the publisher is marked as disputed, and only the
 * proof is still shared with peers. And when a publisher changes its keys, heads by removed keys are dropped; an older
 * head by a remaining key counts again only when a peer sends it again.
 *
 * The releases and pages of a package are shared only together with its head and its publisher's identity. Records of
 * unknown kinds are kept and shared, but not shown.
 */

export type VerifiedEntry =
  | { readonly kind: 'identity'; readonly id: string; readonly identity: Identity }
  /** `key` is the public key that signed the head. */
  | { readonly kind: 'head'; readonly id: string; readonly head: VerifiedHead; readonly key: Uint8Array }
  | { readonly kind: 'release'; readonly id: string; readonly release: VerifiedRelease }
  | { readonly kind: 'page'; readonly id: string; readonly page: HeadPage; readonly bytes: Uint8Array }
  /** A record of a kind or version that this program does not support. */
  | { readonly kind: 'other'; readonly id: string; readonly record: VerifiedOtherRecord }

/**
 * `known`: a duplicate. `stale`: older than, or losing against, an entry of the catalogue, or over a limit. `waiting`:
 * an orphan page. `forked`: an identity that contradicts the one in use.
 */
export type FoldOutcome = 'new' | 'known' | 'stale' | 'waiting' | 'forked'

export interface CatalogueVersion {
  readonly version: string
  readonly yanked: boolean
  /** Two signed contents exist for this version, so it is never installed silently. */
  readonly equivocation: boolean
  /** The release that the head names; undefined until its record arrives. */
  readonly release: VerifiedRelease | undefined
  /** Other signed releases of this version. */
  readonly otherReleases: readonly VerifiedRelease[]
}

export interface CataloguePackage {
  readonly id: PackageId
  readonly publisher: PublisherId
  readonly slug: string
  readonly identity: Identity
  /** Two histories of the publisher's identity exist. */
  readonly disputed: boolean
  readonly head: VerifiedHead
  /** Two heads of the newest `seq` exist. */
  readonly contested: boolean
  /** All versions in the order of the head, the last published first. */
  readonly entries: readonly VersionEntry[]
  /** All versions, highest first. */
  readonly versions: readonly CatalogueVersion[]
  /** False while head pages are missing. */
  readonly complete: boolean
  /** The version to install by default: see `pickOffered`. */
  readonly latest: CatalogueVersion | undefined
}

export interface Catalogue {
  add(entry: VerifiedEntry): FoldOutcome
  get(id: string): CataloguePackage | undefined
  bySlug(slug: string): readonly CataloguePackage[]
  all(): IterableIterator<CataloguePackage>
  size(): number
  identityOf(publisher: string): Identity | undefined
  /** Identities of the publisher that contradict the one in use. */
  forksOf(publisher: string): readonly Identity[]
  packagesOf(publisher: string): readonly CataloguePackage[]
  /** All stored releases of a version, including those that no head names. */
  releasesOf(id: string, version: string): readonly VerifiedRelease[]
  /** Every stored release of a publisher, including those of packages that are not visible. */
  releasesBy(publisher: string): Iterable<VerifiedRelease>
  /** Packages that were added, changed or removed since the last call. */
  takeChanged(): PackageId[]
  readonly records: RecordStore
}

export interface CatalogueLimits {
  /** Packages of one publisher. The whole registry of a company has a few thousand. */
  readonly packagesPerPublisher: number
  /** Releases of one publisher: 20 MB at about 600 bytes each. */
  readonly releasesPerPublisher: number
  /** Releases of one version: the one that the head names, and proof of equivocation. */
  readonly releasesPerVersion: number
  /** Records of unknown kinds of one publisher, at most 16 KiB each. */
  readonly otherPerPublisher: number
  /** Orphan pages, 4 KiB each. They are unsigned, so they are not stored. */
  readonly waitingPages: number
}

export const catalogueLimits: CatalogueLimits = {
  packagesPerPublisher: 16_384,
  releasesPerPublisher: 32_768,
  releasesPerVersion: 4,
  otherPerPublisher: 1_024,
  waitingPages: 2_048,
}

export const createCatalogue = (limits: CatalogueLimits = catalogueLimits): Catalogue => {
  const records = createRecordStore()
  const orphanPages = createOrphanPages(limits.waitingPages)
  const publishers = new Map<string, PublisherState>()
  const packages = new Map<string, PackageState>()
  const visibleBySlug = new Map<string, Set<PackageState>>()
  const changed = new Set<PackageId>()
  let visibleCount = 0

  const publisherOf = (id: PublisherId): PublisherState => {
    let state = publishers.get(id)
    if (state === undefined) {
      state = {
        id,
        identity: undefined,
        forks: [],
        packages: new Map(),
        visiblePackages: 0,
        slugs: createBoundedKeySet(limits.packagesPerPublisher),
        releases: createBoundedKeySet(limits.releasesPerPublisher),
        other: createOtherRecords(limits.otherPerPublisher),
      }
      publishers.set(id, state)
    }
    return state
  }

  /** Undefined if the package exceeds the publisher's limit. */
  const packageOf = (publisher: PublisherState, slug: string): PackageState | undefined => {
    const existing = publisher.packages.get(slug)
    if (existing !== undefined) return existing
    const added = publisher.slugs.add(slug)
    if (added.outcome === 'refused') return undefined
    if (added.outcome === 'added' && added.evicted !== undefined) evict(publisher, added.evicted)
    const id = packageId(publisher.id, slug)
    const state: PackageState = {
      id,
      slug,
      publisher,
      heads: [],
      pages: [],
      complete: false,
      releaseByHash: new Map(),
      hashesByVersion: new Map(),
      visible: false,
      view: undefined,
    }
    publisher.packages.set(slug, state)
    packages.set(id, state)
    return state
  }

  const evict = (publisher: PublisherState, slug: string): void => {
    const state = publisher.packages.get(slug)
    if (state === undefined) return
    // None of its heads will be accepted again, so its pages must not become orphan pages.
    for (const { id } of state.pages) records.remove('pages', id)
    state.pages = []
    setHeads(state, [])
    for (const release of [...state.releaseByHash.values()]) dropRelease(state, release)
    publisher.packages.delete(slug)
    packages.delete(state.id)
  }

  /** To be called after every change of a package. */
  const touch = (state: PackageState): void => {
    const before = state.visible
    state.view = undefined
    state.visible = state.heads.length > 0 && state.publisher.identity !== undefined
    if (before || state.visible) changed.add(state.id)
    if (before === state.visible) return
    visibleCount += state.visible ? 1 : -1
    storeHeads(state)
    storeParts(state)
    const { publisher } = state
    publisher.visiblePackages += state.visible ? 1 : -1
    if (publisher.visiblePackages === (state.visible ? 1 : 0)) storeIdentities(publisher)
    const namesakes = visibleBySlug.get(state.slug) ?? new Set()
    visibleBySlug.set(state.slug, namesakes)
    if (state.visible) namesakes.add(state)
    else namesakes.delete(state)
    if (namesakes.size === 0) visibleBySlug.delete(state.slug)
  }

  /** For a publisher that signed two histories only the proof is shared. */
  const isUndisputed = ({ identity, forks }: PublisherState): boolean => identity !== undefined && forks.length === 0

  /** The records of a package are never shared without their identity and head. */
  const isShared = ({ publisher, heads }: PackageState): boolean => isUndisputed(publisher) && heads.length > 0

  const storeHeads = (state: PackageState): void => {
    const [head, competing] = state.heads
    const shared = isShared(state)
    for (const [key, entry] of [[state.id, head] as const, [`${state.id}${competingHeadSuffix}`, competing] as const]) {
      if (entry === undefined) records.remove('heads', key)
      else records.put('heads', key, { kind: 'head', id: entry.id, bytes: entry.head.bytes, shared })
    }
  }

  /** Stores the pages and releases of a package, which are shared together with its head. */
  const storeParts = (state: PackageState): void => {
    const shared = isShared(state)
    for (const page of state.pages) records.put('pages', page.id, { ...page, shared })
    for (const [hash, { bytes }] of state.releaseByHash) {
      records.put('releases', hash, { kind: 'release', id: hash, bytes, shared })
    }
  }

  const setHeads = (state: PackageState, heads: readonly HeadEntry[]): void => {
    state.heads = heads
    storeHeads(state)
    collectPages(state)
    touch(state)
  }

  /** Adds the pages reachable from the head and releases those that no longer are. */
  const collectPages = (state: PackageState): void => {
    const before = new Map(state.pages.map((page) => [page.id, page]))
    const shared = isShared(state)
    const head = state.heads[0]?.head.head
    const pages: PageEntry[] = []
    let versions = head?.versions.length ?? 0
    let next = head?.older ?? null
    while (next !== null && versions <= MAX_VERSIONS) {
      const id = toHex(next)
      const page = before.get(id) ?? orphanPages.get(id)
      if (page === undefined || page.page.publisher !== state.publisher.id || page.page.slug !== state.slug) break
      pages.push(page)
      versions += page.page.versions.length
      next = page.page.older
    }
    state.pages = pages
    state.complete = head !== undefined && next === null
    for (const page of pages) {
      orphanPages.take(page.id)
      if (!before.delete(page.id)) records.put('pages', page.id, { ...page, shared })
    }
    for (const page of before.values()) {
      records.remove('pages', page.id)
      // A later head may name it.
      orphanPages.add(page)
    }
  }

  const dropRelease = (state: PackageState, release: VerifiedRelease): void => {
    const hash = toHex(release.hash)
    const { version } = release.release
    const left = (state.hashesByVersion.get(version) ?? []).filter((each) => each !== hash)
    if (left.length === 0) state.hashesByVersion.delete(version)
    else state.hashesByVersion.set(version, left)
    state.releaseByHash.delete(hash)
    state.publisher.releases.delete(releaseKey(state.slug, hash))
    records.remove('releases', hash)
    touch(state)
  }

  const storeAll = (publisher: PublisherState): void => {
    for (const state of publisher.packages.values()) {
      storeHeads(state)
      storeParts(state)
      touch(state)
    }
    for (const [key, entry] of publisher.other.all()) storeOther(publisher, key, entry)
  }

  const storeOther = (publisher: PublisherState, recordKey: string, entry: OtherEntry | undefined): void => {
    const key = `${publisher.id}/${recordKey}`
    if (entry === undefined) records.remove('records', key)
    else {
      const { kind } = entry.record.record
      const shared = isUndisputed(publisher)
      records.put('records', key, { kind, id: entry.id, bytes: entry.record.bytes, shared })
    }
  }

  const storeIdentities = (publisher: PublisherState): void => {
    const all = publisher.identity === undefined ? [] : [publisher.identity, ...publisher.forks]
    // All peers share the same two of many histories, whichever each one uses.
    const sharedIds = all
      .map(({ id }) => id)
      .sort()
      .slice(0, 2)
    // Every tab that was ever opened has an identity, so those without publications are not shared. Key changes and
    // revocations must reach every peer, even if they hide all earlier publications.
    const mustReachPeers =
      publisher.visiblePackages > 0 ||
      publisher.forks.length > 0 ||
      publisher.other.size() > 0 ||
      (publisher.identity?.identity.seq ?? 1) > 1
    const rows = [publisher.id, ...forkSuffixes.map((suffix) => `${publisher.id}${suffix}`)]
    for (const [i, key] of rows.entries()) {
      const entry = all[i]
      if (entry === undefined) records.remove('identities', key)
      else {
        const { id, identity } = entry
        records.put('identities', key, {
          kind: 'identity',
          id,
          bytes: identity.chain,
          shared: mustReachPeers && sharedIds.includes(id),
        })
      }
    }
  }

  const addIdentity = (entry: IdentityEntry): FoldOutcome => {
    const publisher = publisherOf(entry.identity.publisherId)
    const current = publisher.identity
    if (current?.id === entry.id || publisher.forks.some(({ id }) => id === entry.id)) return 'known'
    if (current !== undefined && !extendsIdentity(entry.identity, current.identity)) {
      return extendsIdentity(current.identity, entry.identity) ? 'stale' : addFork(publisher, entry)
    }
    publisher.identity = entry
    storeIdentities(publisher)
    for (const state of publisher.packages.values()) {
      const valid = state.heads.filter(({ key }) => maySignHeads(entry.identity, key))
      if (valid.length !== state.heads.length) setHeads(state, valid)
      else touch(state)
    }
    return 'new'
  }

  const addFork = (publisher: PublisherState, entry: IdentityEntry): FoldOutcome => {
    const forks = [...publisher.forks, entry].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, forkSuffixes.length)
    if (!forks.includes(entry)) return 'stale'
    publisher.forks = forks
    storeIdentities(publisher)
    storeAll(publisher)
    return 'forked'
  }

  const addHead = (entry: HeadEntry): FoldOutcome => {
    const { publisher, slug, seq } = entry.head.head
    const owner = publisherOf(publisher)
    if (owner.identity !== undefined && !maySignHeads(owner.identity.identity, entry.key)) return 'stale'
    const state = packageOf(owner, slug)
    if (state === undefined) return 'stale'
    const currentSeq = state.heads[0]?.head.head.seq ?? 0
    if (state.heads.some(({ id }) => id === entry.id)) return 'known'
    if (seq < currentSeq) return 'stale'
    if (seq > currentSeq) {
      setHeads(state, [entry])
      return 'new'
    }
    const heads = [...state.heads, entry].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, keptHeads)
    if (!heads.includes(entry)) return 'stale'
    setHeads(state, heads)
    return 'new'
  }

  const addRelease = ({ id: hash, release }: ReleaseEntry): FoldOutcome => {
    const { publisher, slug, version } = release.release
    const owner = publisherOf(publisher)
    const existing = owner.packages.get(slug)
    if (existing?.releaseByHash.has(hash)) return 'known'
    const hashes = [...(existing?.hashesByVersion.get(version) ?? []), hash].sort()
    const loser = hashes.length > limits.releasesPerVersion ? hashes.pop() : undefined
    if (loser === hash) return 'stale'
    // Checked before anything is evicted.
    if (loser === undefined && !owner.releases.accepts(releaseKey(slug, hash))) return 'stale'
    const state = packageOf(owner, slug)
    if (state === undefined) return 'stale'
    if (loser !== undefined) evictRelease(owner, releaseKey(slug, loser))
    const added = owner.releases.add(releaseKey(slug, hash))
    if (added.outcome === 'added' && added.evicted !== undefined) evictRelease(owner, added.evicted)
    state.releaseByHash.set(hash, release)
    // Read again: the evicted release may have had the same version.
    state.hashesByVersion.set(version, [...(state.hashesByVersion.get(version) ?? []), hash].sort())
    records.put('releases', hash, { kind: 'release', id: hash, bytes: release.bytes, shared: isShared(state) })
    touch(state)
    return 'new'
  }

  const addOther = (entry: OtherEntry): FoldOutcome => {
    const owner = publisherOf(entry.record.record.publisher)
    const before = owner.other.size()
    const { outcome, changes } = owner.other.add(entry)
    for (const [key, kept] of changes) storeOther(owner, key, kept)
    if (before === 0 && owner.other.size() > 0) storeIdentities(owner)
    return outcome
  }

  const evictRelease = (owner: PublisherState, key: string): void => {
    const { slug, hash } = splitReleaseKey(key)
    const state = owner.packages.get(slug)
    const release = state?.releaseByHash.get(hash)
    if (state !== undefined && release !== undefined) dropRelease(state, release)
  }

  const addPage = ({ id, page, bytes }: Extract<VerifiedEntry, { kind: 'page' }>): FoldOutcome => {
    const state = packages.get(packageId(page.publisher, page.slug))
    if (state?.pages.some((each) => each.id === id)) return 'known'
    orphanPages.add({ kind: 'page', id, page, bytes })
    if (state === undefined || state.complete) return 'waiting'
    const before = state.pages.length
    collectPages(state)
    if (state.pages.length === before) return 'waiting'
    touch(state)
    return 'new'
  }

  const view = (state: PackageState): CataloguePackage | undefined => {
    if (!state.visible) return undefined
    state.view ??= buildView(state)
    return state.view
  }

  const isView = (value: CataloguePackage | undefined): value is CataloguePackage => value !== undefined

  return {
    records,
    add(entry) {
      switch (entry.kind) {
        case 'identity':
          return addIdentity(entry)
        case 'head':
          return addHead(entry)
        case 'release':
          return addRelease(entry)
        case 'page':
          return addPage(entry)
        case 'other':
          return addOther(entry)
      }
    },
    get(id) {
      const state = packages.get(id)
      return state === undefined ? undefined : view(state)
    },
    bySlug: (slug) => [...(visibleBySlug.get(slug) ?? [])].map(view).filter(isView).sort(byId),
    *all() {
      for (const state of packages.values()) {
        const seen = view(state)
        if (seen !== undefined) yield seen
      }
    },
    size: () => visibleCount,
    identityOf: (publisher) => publishers.get(publisher)?.identity?.identity,
    forksOf: (publisher) => publishers.get(publisher)?.forks.map(({ identity }) => identity) ?? [],
    packagesOf: (publisher) => [...(publishers.get(publisher)?.packages.values() ?? [])].map(view).filter(isView),
    releasesOf(id, version) {
      const state = packages.get(id)
      return (state?.hashesByVersion.get(version) ?? []).flatMap((hash) => state?.releaseByHash.get(hash) ?? [])
    },
    *releasesBy(publisher) {
      for (const { releaseByHash } of publishers.get(publisher)?.packages.values() ?? []) yield* releaseByHash.values()
    },
    takeChanged() {
      const ids = [...changed]
      changed.clear()
      return ids
    },
  }
}

type IdentityEntry = Extract<VerifiedEntry, { kind: 'identity' }>
type HeadEntry = Extract<VerifiedEntry, { kind: 'head' }>
type ReleaseEntry = Extract<VerifiedEntry, { kind: 'release' }>
type PageEntry = Extract<VerifiedEntry, { kind: 'page' }>

interface PublisherState {
  readonly id: PublisherId
  /** The history in use. */
  identity: IdentityEntry | undefined
  /** Histories that contradict the one in use, lowest ids first. */
  forks: readonly IdentityEntry[]
  readonly packages: Map<string, PackageState>
  visiblePackages: number
  readonly slugs: BoundedKeySet
  readonly releases: BoundedKeySet
  readonly other: OtherRecords
}

interface PackageState {
  readonly id: PackageId
  readonly slug: string
  readonly publisher: PublisherState
  /** Heads with the highest `seq`, lowest id first: the first wins. */
  heads: readonly HeadEntry[]
  /** Pages reachable from the first head, newest first. */
  pages: readonly PageEntry[]
  complete: boolean
  readonly releaseByHash: Map<string, VerifiedRelease>
  readonly hashesByVersion: Map<string, readonly string[]>
  /** True once a head and an identity have arrived. */
  visible: boolean
  view: CataloguePackage | undefined
}

/** The winning head, and a competing head as proof. */
const keptHeads = 2

/** Suffix of the package id in the stored key of a competing head. No slug contains `#`. */
const competingHeadSuffix = '#rival'

/** Suffixes for identities. Two, so that every peer can share the two lowest, whichever it uses. */
const forkSuffixes = ['#fork-1', '#fork-2'] as const

const maySignHeads = (identity: Identity, key: Uint8Array): boolean =>
  !identity.revoked && hasKey(identity.signingKeys, key)

/** No slug contains a slash. */
const releaseKey = (slug: string, hash: string): string => `${slug}/${hash}`
const splitReleaseKey = (key: string): { slug: string; hash: string } => {
  const slash = key.indexOf('/')
  return { slug: key.slice(0, slash), hash: key.slice(slash + 1) }
}

const byId = (a: CataloguePackage, b: CataloguePackage): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const buildView = (state: PackageState): CataloguePackage | undefined => {
  const [winner, competing] = state.heads
  const identity = state.publisher.identity?.identity
  if (winner === undefined || identity === undefined) return undefined
  const entryByVersion = new Map<string, VersionEntry>()
  for (const entry of [winner.head.head.versions, ...state.pages.map(({ page }) => page.versions)].flat()) {
    // Pages may repeat a version; the newest statement wins.
    if (!entryByVersion.has(entry.version)) entryByVersion.set(entry.version, entry)
  }
  const entries = [...entryByVersion.values()]
  const versions = entries.map((entry) => toVersion(state, entry))
  if (versions.length > 1) versions.sort((a, b) => compareVersions(b.version, a.version))
  return {
    id: state.id,
    publisher: state.publisher.id,
    slug: state.slug,
    identity,
    disputed: state.publisher.forks.length > 0,
    head: winner.head,
    contested: competing !== undefined,
    entries,
    versions,
    complete: state.complete,
    latest: pickOffered(versions),
  }
}

const toVersion = (state: PackageState, entry: VersionEntry): CatalogueVersion => {
  const named = toHex(entry.release)
  const found = state.releaseByHash.get(named)
  // A head may wrongly name the release of another version.
  const release = found?.release.version === entry.version ? found : undefined
  const hashes = state.hashesByVersion.get(entry.version) ?? []
  const all = hashes.flatMap((hash) => state.releaseByHash.get(hash) ?? [])
  const [first] = all
  return {
    version: entry.version,
    yanked: entry.yanked === true,
    equivocation: first !== undefined && all.some((each) => !sameBytes(each.release.root, first.release.root)),
    release,
    otherReleases: all.length < 2 ? noReleases : all.filter((each) => each !== release),
  }
}

const noReleases: readonly VerifiedRelease[] = []
