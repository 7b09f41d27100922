import { sameBytes } from '../protocol/bytes.ts'
import type { HeadPage, VerifiedHead, VersionEntry } from '../protocol/head.ts'
import { extendsIdentity, hasKey, type Identity } from '../protocol/identity.ts'
import { type PackageId, type PublisherId, packageId, toHex } from '../protocol/ids.ts'
import { MAX_VERSIONS } from '../protocol/limits.ts'
import type { VerifiedOtherRecord } from '../protocol/other-record.ts'
import type { VerifiedRelease } from '../protocol/release.ts'
import { compareVersions } from '../protocol/versions-and-ranges.ts'
import { type BoundedKeySet, createBoundedKeySet } from './bounded-key-set.ts'
import { createOrphanPages } from './orphan-pages.ts'
import { createOtherRecords, type OtherEntry, type OtherRecords } from './other-records.ts'
import { createRecordStore, type RecordStore } from './record-store.ts'
import { pickOffered } from './versions.ts'

/**
 * The fold of all verified records into packages.
 *
 * Guarantees: of the heads of a package the highest `seq` counts; of two with one `seq` the one with the smaller hash,
 * and the package is marked as contested. Two releases of one version with different roots mark it as an equivocation,
 * and both are kept. Adding is idempotent, and the outcome does not depend on the order, so peers that know the same
 * records show the same packages. A publisher takes a bounded part of memory: of what is over its limits, what sorts
 * last goes, at every peer alike.
 *
 * Not guaranteed: a bound on the number of publishers. One exception to the order: where a publisher signed two
 * histories of its identity, the one that came first stays (first use), the publisher is marked as disputed, and only
 * the proof of it is still told to other peers. And a head that its publisher's new keys did not sign is dropped when
 * these keys come; an older head that they did sign counts again only when a peer sends it again.
 *
 * What belongs together is passed on together: the releases and pages of a package once its head and the
 * identity of its publisher are passed on too. Records of unknown kinds are kept and passed on, and shown nowhere.
 */

export type VerifiedEntry =
  | { readonly kind: 'identity'; readonly id: string; readonly identity: Identity }
  /** `key` signed the head. */
  | { readonly kind: 'head'; readonly id: string; readonly head: VerifiedHead; readonly key: Uint8Array }
  | { readonly kind: 'release'; readonly id: string; readonly release: VerifiedRelease }
  | { readonly kind: 'page'; readonly id: string; readonly page: HeadPage; readonly bytes: Uint8Array }
  /** Of a kind or version that this program does not know. */
  | { readonly kind: 'other'; readonly id: string; readonly record: VerifiedOtherRecord }

/**
 * `stale`: older than, or beaten by, what is known, or over a limit. `waiting`: a page that no known head names yet.
 * `forked`: an identity that contradicts the one that is known.
 */
export type FoldOutcome = 'new' | 'known' | 'stale' | 'waiting' | 'forked'

export interface CatalogueVersion {
  readonly version: string
  readonly yanked: boolean
  /** Two signed contents exist for this version: never installed silently. */
  readonly equivocation: boolean
  /** The release that the head names; undefined while its record is not here. */
  readonly release: VerifiedRelease | undefined
  /** Other signed releases of this version. */
  readonly rivals: readonly VerifiedRelease[]
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
  /** The same by version, highest first. */
  readonly versions: readonly CatalogueVersion[]
  /** False while pages of older versions are not here. */
  readonly complete: boolean
  /** What is offered when no version is asked for: see `pickOffered`. */
  readonly latest: CatalogueVersion | undefined
}

export interface Catalogue {
  add(entry: VerifiedEntry): FoldOutcome
  get(id: string): CataloguePackage | undefined
  bySlug(slug: string): readonly CataloguePackage[]
  all(): IterableIterator<CataloguePackage>
  size(): number
  identityOf(publisher: string): Identity | undefined
  /** Identities of the publisher that contradict the one that is followed. */
  forksOf(publisher: string): readonly Identity[]
  packagesOf(publisher: string): readonly CataloguePackage[]
  /** All releases of a version that are kept, also those that no head names. */
  releasesOf(id: string, version: string): readonly VerifiedRelease[]
  /** Every release of a publisher that is kept, also those of packages that do not show. */
  releasesBy(publisher: string): Iterable<VerifiedRelease>
  /** Packages that changed, came or went since the last call. */
  takeChanged(): PackageId[]
  readonly shelf: RecordStore
}

export interface CatalogueLimits {
  /** Packages of one publisher. A company's whole registry has a few thousand. */
  readonly packagesPerPublisher: number
  /** Releases of one publisher, at about 600 bytes each 20 MB. */
  readonly releasesPerPublisher: number
  /** Releases of one version: the one that counts, and proof that there are others. */
  readonly releasesPerVersion: number
  /** Records of unknown kinds of one publisher, at most 16 KiB each. */
  readonly otherPerPublisher: number
  /** Pages, 4 KiB each, that wait for the head that names them. Pages are unsigned, so these are not stored. */
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
  const shelf = createRecordStore()
  const waiting = createOrphanPages(limits.waitingPages)
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

  /** Undefined when the package is over the publisher's limit. */
  const packageOf = (publisher: PublisherState, slug: string): PackageState | undefined => {
    const known = publisher.packages.get(slug)
    if (known !== undefined) return known
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
    // No head of it will be taken again, so its pages wait for nothing.
    for (const { id } of state.pages) shelf.remove('pages', id)
    state.pages = []
    setHeads(state, [])
    for (const release of [...state.releaseByHash.values()]) dropRelease(state, release)
    publisher.packages.delete(slug)
    packages.delete(state.id)
  }

  /** After anything about a package changed. */
  const touch = (state: PackageState): void => {
    const before = state.visible
    state.view = undefined
    state.visible = state.heads.length > 0 && state.publisher.identity !== undefined
    if (before || state.visible) changed.add(state.id)
    if (before === state.visible) return
    visibleCount += state.visible ? 1 : -1
    shelveHeads(state)
    shelveParts(state)
    const { publisher } = state
    publisher.visiblePackages += state.visible ? 1 : -1
    if (publisher.visiblePackages === (state.visible ? 1 : 0)) shelveIdentities(publisher)
    const namesakes = visibleBySlug.get(state.slug) ?? new Set()
    visibleBySlug.set(state.slug, namesakes)
    if (state.visible) namesakes.add(state)
    else namesakes.delete(state)
    if (namesakes.size === 0) visibleBySlug.delete(state.slug)
  }

  /** Of a publisher that signed two histories only the proof of that is passed on. */
  const isUndisputed = ({ identity, forks }: PublisherState): boolean => identity !== undefined && forks.length === 0

  /** Whether the records of a package are passed on: never without their identity and head. */
  const isShared = ({ publisher, heads }: PackageState): boolean => isUndisputed(publisher) && heads.length > 0

  const shelveHeads = (state: PackageState): void => {
    const [head, rival] = state.heads
    const shared = isShared(state)
    for (const [key, entry] of [[state.id, head] as const, [`${state.id}${rivalMark}`, rival] as const]) {
      if (entry === undefined) shelf.remove('heads', key)
      else shelf.put('heads', key, { kind: 'head', id: entry.id, bytes: entry.head.bytes, shared })
    }
  }

  /** The pages and releases of a package, which are passed on with its head. */
  const shelveParts = (state: PackageState): void => {
    const shared = isShared(state)
    for (const page of state.pages) shelf.put('pages', page.id, { ...page, shared })
    for (const [hash, { bytes }] of state.releaseByHash) {
      shelf.put('releases', hash, { kind: 'release', id: hash, bytes, shared })
    }
  }

  const setHeads = (state: PackageState, heads: readonly HeadEntry[]): void => {
    state.heads = heads
    shelveHeads(state)
    walkPages(state)
    touch(state)
  }

  /** Takes in the pages that the head leads to, and lets go of those that it no longer does. */
  const walkPages = (state: PackageState): void => {
    const before = new Map(state.pages.map((page) => [page.id, page]))
    const shared = isShared(state)
    const head = state.heads[0]?.head.head
    const pages: PageEntry[] = []
    let versions = head?.versions.length ?? 0
    let next = head?.older ?? null
    while (next !== null && versions <= MAX_VERSIONS) {
      const id = toHex(next)
      const page = before.get(id) ?? waiting.get(id)
      if (page === undefined || page.page.publisher !== state.publisher.id || page.page.slug !== state.slug) break
      pages.push(page)
      versions += page.page.versions.length
      next = page.page.older
    }
    state.pages = pages
    state.complete = head !== undefined && next === null
    for (const page of pages) {
      waiting.take(page.id)
      if (!before.delete(page.id)) shelf.put('pages', page.id, { ...page, shared })
    }
    for (const page of before.values()) {
      shelf.remove('pages', page.id)
      // Another head may still come to name it.
      waiting.add(page)
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
    shelf.remove('releases', hash)
    touch(state)
  }

  const reshelve = (publisher: PublisherState): void => {
    for (const state of publisher.packages.values()) {
      shelveHeads(state)
      shelveParts(state)
      touch(state)
    }
    for (const [slot, entry] of publisher.other.all()) shelveOther(publisher, slot, entry)
  }

  const shelveOther = (publisher: PublisherState, slot: string, entry: OtherEntry | undefined): void => {
    const key = `${publisher.id}/${slot}`
    if (entry === undefined) shelf.remove('records', key)
    else {
      const { kind } = entry.record.record
      const shared = isUndisputed(publisher)
      shelf.put('records', key, { kind, id: entry.id, bytes: entry.record.bytes, shared })
    }
  }

  const shelveIdentities = (publisher: PublisherState): void => {
    const all = publisher.identity === undefined ? [] : [publisher.identity, ...publisher.forks]
    // Of many histories all peers tell the same two, whichever of them each one follows.
    const told = all
      .map(({ id }) => id)
      .sort()
      .slice(0, 2)
    // One that published nothing is nobody's news: every tab that ever opened has an identity. But a change of keys and
    // an end must reach all, also when they hide what was published before.
    const isNews =
      publisher.visiblePackages > 0 ||
      publisher.forks.length > 0 ||
      publisher.other.size() > 0 ||
      (publisher.identity?.identity.seq ?? 1) > 1
    const rows = [publisher.id, ...forkMarks.map((mark) => `${publisher.id}${mark}`)]
    for (const [i, key] of rows.entries()) {
      const entry = all[i]
      if (entry === undefined) shelf.remove('identities', key)
      else {
        const { id, identity } = entry
        shelf.put('identities', key, {
          kind: 'identity',
          id,
          bytes: identity.chain,
          shared: isNews && told.includes(id),
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
    shelveIdentities(publisher)
    for (const state of publisher.packages.values()) {
      const valid = state.heads.filter(({ key }) => maySignHeads(entry.identity, key))
      if (valid.length !== state.heads.length) setHeads(state, valid)
      else touch(state)
    }
    return 'new'
  }

  const addFork = (publisher: PublisherState, entry: IdentityEntry): FoldOutcome => {
    const forks = [...publisher.forks, entry].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, forkMarks.length)
    if (!forks.includes(entry)) return 'stale'
    publisher.forks = forks
    shelveIdentities(publisher)
    reshelve(publisher)
    return 'forked'
  }

  const addHead = (entry: HeadEntry): FoldOutcome => {
    const { publisher, slug, seq } = entry.head.head
    const owner = publisherOf(publisher)
    if (owner.identity !== undefined && !maySignHeads(owner.identity.identity, entry.key)) return 'stale'
    const state = packageOf(owner, slug)
    if (state === undefined) return 'stale'
    const known = state.heads[0]?.head.head.seq ?? 0
    if (state.heads.some(({ id }) => id === entry.id)) return 'known'
    if (seq < known) return 'stale'
    if (seq > known) {
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
    const known = owner.packages.get(slug)
    if (known?.releaseByHash.has(hash)) return 'known'
    const hashes = [...(known?.hashesByVersion.get(version) ?? []), hash].sort()
    const beaten = hashes.length > limits.releasesPerVersion ? hashes.pop() : undefined
    if (beaten === hash) return 'stale'
    // Before anything goes for it.
    if (beaten === undefined && !owner.releases.accepts(releaseKey(slug, hash))) return 'stale'
    const state = packageOf(owner, slug)
    if (state === undefined) return 'stale'
    if (beaten !== undefined) drop(owner, releaseKey(slug, beaten))
    const added = owner.releases.add(releaseKey(slug, hash))
    if (added.outcome === 'added' && added.evicted !== undefined) drop(owner, added.evicted)
    state.releaseByHash.set(hash, release)
    // What was dropped for it may have been of the same version.
    state.hashesByVersion.set(version, [...(state.hashesByVersion.get(version) ?? []), hash].sort())
    shelf.put('releases', hash, { kind: 'release', id: hash, bytes: release.bytes, shared: isShared(state) })
    touch(state)
    return 'new'
  }

  const addOther = (entry: OtherEntry): FoldOutcome => {
    const owner = publisherOf(entry.record.record.publisher)
    const before = owner.other.size()
    const { outcome, changes } = owner.other.add(entry)
    for (const [slot, kept] of changes) shelveOther(owner, slot, kept)
    if (before === 0 && owner.other.size() > 0) shelveIdentities(owner)
    return outcome
  }

  const drop = (owner: PublisherState, key: string): void => {
    const { slug, hash } = splitReleaseKey(key)
    const state = owner.packages.get(slug)
    const release = state?.releaseByHash.get(hash)
    if (state !== undefined && release !== undefined) dropRelease(state, release)
  }

  const addPage = ({ id, page, bytes }: Extract<VerifiedEntry, { kind: 'page' }>): FoldOutcome => {
    const state = packages.get(packageId(page.publisher, page.slug))
    if (state?.pages.some((each) => each.id === id)) return 'known'
    waiting.add({ kind: 'page', id, page, bytes })
    if (state === undefined || state.complete) return 'waiting'
    const before = state.pages.length
    walkPages(state)
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
    shelf,
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
  /** The history that is followed. */
  identity: IdentityEntry | undefined
  /** Histories that contradict it, lowest ids first. */
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
  /** Heads of the highest `seq`, lowest id first: the first counts. */
  heads: readonly HeadEntry[]
  /** Pages that the first head leads to, newest first. */
  pages: readonly PageEntry[]
  complete: boolean
  readonly releaseByHash: Map<string, VerifiedRelease>
  readonly hashesByVersion: Map<string, readonly string[]>
  /** A head and an identity are here. */
  visible: boolean
  view: CataloguePackage | undefined
}

/** The head that counts, and one that proves that there are two. */
const keptHeads = 2

/** What follows the package id in the key of the second head; no slug holds this character. */
const rivalMark = '#rival'

/** Likewise for identities. Two, so that each peer can tell the two lowest, whichever it follows. */
const forkMarks = ['#fork-1', '#fork-2'] as const

const maySignHeads = (identity: Identity, key: Uint8Array): boolean =>
  !identity.revoked && hasKey(identity.signingKeys, key)

/** No slug holds a slash. */
const releaseKey = (slug: string, hash: string): string => `${slug}/${hash}`
const splitReleaseKey = (key: string): { slug: string; hash: string } => {
  const slash = key.indexOf('/')
  return { slug: key.slice(0, slash), hash: key.slice(slash + 1) }
}

const byId = (a: CataloguePackage, b: CataloguePackage): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const buildView = (state: PackageState): CataloguePackage | undefined => {
  const [winner, rival] = state.heads
  const identity = state.publisher.identity?.identity
  if (winner === undefined || identity === undefined) return undefined
  const entryByVersion = new Map<string, VersionEntry>()
  for (const entry of [winner.head.head.versions, ...state.pages.map(({ page }) => page.versions)].flat()) {
    // The newer statement about a version counts.
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
    contested: rival !== undefined,
    entries,
    versions,
    complete: state.complete,
    latest: pickOffered(versions),
  }
}

const toVersion = (state: PackageState, entry: VersionEntry): CatalogueVersion => {
  const named = toHex(entry.release)
  const found = state.releaseByHash.get(named)
  // A head may name the release of another version: that is no release of this one.
  const release = found?.release.version === entry.version ? found : undefined
  const hashes = state.hashesByVersion.get(entry.version) ?? []
  const all = hashes.flatMap((hash) => state.releaseByHash.get(hash) ?? [])
  const [first] = all
  return {
    version: entry.version,
    yanked: entry.yanked === true,
    equivocation: first !== undefined && all.some((each) => !sameBytes(each.release.root, first.release.root)),
    release,
    rivals: all.length < 2 ? noReleases : all.filter((each) => each !== release),
  }
}

const noReleases: readonly VerifiedRelease[] = []
