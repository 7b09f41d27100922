import PQueue from 'p-queue'
import { Failure, type FailureName, toFailure } from '../contract/failures.ts'
import { announcementCodec, type ReadAnnouncement, verifyAnnouncement } from '../protocol/announcement.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import type { Decoded } from '../protocol/decoded.ts'
import { encodeDhtValue } from '../protocol/dht-value.ts'
import { type Entry, entryId } from '../protocol/entry.ts'
import { anyEnvelopeCodec } from '../protocol/envelope.ts'
import type { Identity } from '../protocol/identity.ts'
import { headKey, type PackageId, packageId, toHex } from '../protocol/ids.ts'
import { isSignedBody } from '../protocol/other-record.ts'
import type { VerifiedRelease } from '../protocol/release.ts'
import { wireVersions } from '../protocol/version.ts'
import { createSignatureCache } from '../stack/signature-cache.ts'
import type { Change, Store, TableName } from '../store/store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import {
  type CatalogueLimits,
  type CataloguePackage,
  catalogueLimits,
  createCatalogue,
  type FoldOutcome,
  type VerifiedEntry,
} from './catalogue.ts'
import { createDependents } from './dependents.ts'
import { type IdWatcher, type RecordTable, recordTables } from './record-store.ts'
import { type Verification, verifyEntry } from './verify.ts'
import { verifyBatch, verifyInOrder } from './verify-batch.ts'

/**
 * The catalogue with its signatures checked and its records stored: what peers send comes in by `ingest`, what a
 * person publishes by `exclusive`, and everyone reads from memory.
 *
 * Guarantees: nothing unverified is ever shown or passed on, not even from our own disk. Changes happen one after the
 * other. What `onChange` tells is stored already, unless storage failed: then `onProblem` tells, and the next write
 * tries again.
 */
export interface Registry {
  /**
   * Reads what is stored, and tells of all of it by one `onChange`. What is damaged is dropped and told, never fatal.
   * @param options.own identities that are known otherwise, so that damage to the table of identities cannot hide
   * what this profile has published.
   */
  load(options?: { own?: readonly Identity[] }): Promise<LoadReport>
  /** Verifies, takes in and stores. Never rejects for what the entries hold. */
  ingest(entries: readonly Entry[], options: ReceiveOptions): Promise<IngestResult>
  /**
   * The same for an announcement as it was read. It is invalid for what it holds, never for what is known here: the peer
   * that passed it on may know something else.
   */
  receiveAnnouncement(announcement: Decoded<ReadAnnouncement>, options: ReceiveOptions): Promise<AnnouncementOutcome>

  get(id: string): CataloguePackage | undefined
  bySlug(slug: string): readonly CataloguePackage[]
  all(): IterableIterator<CataloguePackage>
  size(): number
  /** Counts up with every change. */
  revision(): number
  identityOf(publisher: string): Identity | undefined
  packagesOf(publisher: string): readonly CataloguePackage[]
  releasesOf(id: string, version: string): readonly VerifiedRelease[]
  /** Every release of a publisher that is here, also those that no head names. */
  releasesBy(publisher: string): Iterable<VerifiedRelease>
  /** Versions of all packages of this name, or undefined where there is none. */
  knownVersions(slug: string): readonly string[] | undefined
  /** Packages whose newest release names this one as a dependency. */
  dependentsOf(id: string): readonly CataloguePackage[]

  /** Ids of all entries that are told to peers. */
  entryIds(): readonly Uint8Array[]
  /** Tells of each of these ids at once, then of each that comes or goes; what is returned ends it. */
  watchEntryIds(watcher: IdWatcher): () => void
  entriesById(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** Identity, head and newest release of a package, encoded. */
  announcementFor(id: string): Uint8Array | undefined
  dhtValueFor(id: string): { key: string; value: Uint8Array } | undefined

  /**
   * Runs a task that reads and then changes the catalogue, alone. `commit` stores entries of our own making together
   * with other changes in one strict write, then takes them in; when it rejects, nothing has changed.
   */
  exclusive<T>(task: (commit: Commit) => Promise<T>): Promise<T>
}

export interface ReceiveOptions {
  /** The peer, or where else it came from. */
  readonly from: string
  /** The work that it is part of. What has come is taken in, cancelled or not. */
  readonly operation?: Operation
}

export type Commit = (entries: readonly VerifiedEntry[], changes: readonly Change[]) => Promise<void>

export interface RegistryDependencies {
  readonly store: Store
  readonly crypto: CryptoProvider
  /** After a change was stored. */
  onChange(change: RegistryChange): void
  /** Storage failed; the catalogue goes on in memory. */
  onProblem?(failure: Failure): void
  readonly limits?: CatalogueLimits
  readonly telemetry?: Pick<Telemetry, 'logger'>
}

export interface RegistryChange {
  readonly revision: number
  readonly size: number
  /** Packages that came, changed or went: `get` tells. */
  readonly packages: readonly PackageId[]
}

export interface LoadReport {
  readonly packages: number
  readonly entries: number
  readonly droppedCount: number
  /** The first of them. */
  readonly dropped: readonly { table: TableName; key: string; name: FailureName; message: string }[]
}

export interface IngestResult {
  /** New entries. */
  readonly accepted: number
  /** Invalid by what their bytes hold: `forged` or of a wrong form. */
  readonly rejected: number
  /** Of the rejected, those with a bad signature under a known identity: only their forger sends them. */
  readonly forged: number
  /** What cannot be judged here, because an identity or a newer version is missing. Nobody's fault. */
  readonly unproven: number
  /** Ids of the unproven ones that only a later version of this program can judge, and that are of no other entry. */
  readonly unsupported: readonly Uint8Array[]
  /** Valid or once valid, and nothing new: known, older, or waiting for others. */
  readonly stale: number
  /** Of all but the accepted, where there is something to say; the first few. */
  readonly failures: readonly IngestFailure[]
}

export interface IngestFailure {
  readonly kind: string
  readonly outcome: 'stale' | 'unproven' | 'invalid' | 'forged'
  readonly name: FailureName
  readonly message: string
}

export interface AnnouncementOutcome {
  readonly verdict: 'new' | 'known' | 'invalid'
  /** The package that it is about, where it could be read. */
  readonly id?: PackageId
  readonly failure?: Failure
  /** Of the release in it, by the clock of who made it, ms since the epoch. */
  readonly publishedAt?: number
  /** Signatures that had to be checked. */
  readonly checks: number
}

/** Damaged rows and refused entries that are told one by one; a person reads no more. */
const maxTold = 16

export const createRegistry = (dependencies: RegistryDependencies): Registry => {
  const {
    store,
    crypto,
    onChange,
    onProblem = () => {},
    limits = catalogueLimits,
    telemetry = noTelemetry,
  } = dependencies
  const log = telemetry.logger('registry')
  const catalogue = createCatalogue(limits)
  const queue = new PQueue({ concurrency: 1 })
  const recall = createSignatureCache(crypto)
  const dependents = createDependents(catalogue)
  let revision = 0

  const publishChange = (): void => {
    const packages = catalogue.takeChanged()
    if (packages.length === 0) return
    revision += 1
    dependents.invalidate()
    onChange({ revision, size: catalogue.size(), packages })
  }

  const persist = async (others: readonly Change[] = []): Promise<void> => {
    const changes = catalogue.shelf.takeUnsaved()
    if (changes.length + others.length === 0) return
    try {
      await store.write([...others, ...changes])
    } catch (error) {
      catalogue.shelf.unsaved(changes)
      log.warn('catalogue not stored', { changes: changes.length, error: String(error) })
      onProblem(toFailure(error))
    }
  }

  /** @param onJudged is called when all are in the catalogue that belong there; storing them takes longer. */
  const ingest = async (
    entries: readonly Entry[],
    by: CryptoProvider,
    onJudged: (accepted: number) => void = () => {},
  ): Promise<IngestResult> => {
    const counts = { accepted: 0, stale: 0, unproven: 0, invalid: 0, forged: 0 }
    const failures: IngestFailure[] = []
    const unsupported: Uint8Array[] = []
    const count = (outcome: keyof typeof counts, failure?: IngestFailure): void => {
      counts[outcome] += 1
      if (failure !== undefined && failures.length < maxTold) failures.push(failure)
    }
    for await (const [entry, verification] of verifyInOrder(entries, catalogue, by)) {
      if (verification === 'known') count('stale')
      else if (verification.outcome === 'verified') {
        const folded = catalogue.add(verification.entry)
        if (folded === 'new') count('accepted')
        else count('stale', describeStale(entry.kind, folded))
      } else {
        const { outcome, kind, name, message } = verification
        count(outcome, { kind, outcome, name, message })
        if (name === 'RecordUnsupported' && !mayBeAnother(entry)) unsupported.push(await entryId(entry, by))
      }
    }
    onJudged(counts.accepted)
    await persist()
    publishChange()
    const { accepted, stale, unproven, invalid, forged } = counts
    return { accepted, stale, unproven, unsupported, forged, rejected: invalid + forged, failures }
  }

  const load: Registry['load'] = async ({ own = [] } = {}) => {
    const dropped: LoadReport['dropped'][number][] = []
    const obsolete: { table: RecordTable; key: string; value: undefined }[] = []
    let droppedCount = 0
    let entries = 0
    const readRow = (table: RecordTable, key: string, value: Uint8Array, verification: Verification): void => {
      if (verification.outcome === 'verified') {
        entries += 1
        const folded = catalogue.add(verification.entry)
        catalogue.shelf.saved([{ table, key, value }])
        if (folded !== 'waiting') obsolete.push({ table, key, value: undefined })
        return
      }
      const { name, message } = verification
      droppedCount += 1
      if (dropped.length < maxTold) dropped.push({ table, key, name, message })
      // What lacks its identity stays on the disk, and so does what a later version of this page wrote. An unknown key is
      // damage: the record was verified when it was stored.
      if (verification.outcome !== 'unproven' || name === 'SignatureInvalid')
        obsolete.push({ table, key, value: undefined })
    }
    for (const identity of own) {
      catalogue.add({ kind: 'identity', id: toHex(await crypto.sha256(identity.chain)), identity })
    }
    for (const table of recordTables) {
      const rows = await store.entries(table)
      for (let at = 0; at < rows.length; at += verifyBatch) {
        const batch = rows.slice(at, at + verifyBatch)
        const verifications = await Promise.all(
          batch.map(([, bytes]) => verifyEntry({ kind: kindOfRow(table, bytes), bytes }, catalogue, crypto)),
        )
        for (const [i, [key, value]] of batch.entries()) {
          const verification = verifications[i]
          if (verification !== undefined) readRow(table, key, value, verification)
        }
      }
    }
    // Damaged rows, and those whose record stands in another row or was beaten by one.
    await persist(obsolete.filter(({ table, key }) => !catalogue.shelf.holds(table, key)))
    publishChange()
    return { packages: catalogue.size(), entries, droppedCount, dropped }
  }

  const commit: Commit = async (entries, changes) => {
    const rows = entries.map(toRow)
    await store.write([...rows, ...changes], { durability: 'strict' })
    for (const entry of entries) catalogue.add(entry)
    catalogue.shelf.saved(rows)
    // What the new head made obsolete.
    await persist()
    publishChange()
  }

  const ingestInTurn = (entries: readonly Entry[], by: CryptoProvider): Promise<IngestResult> =>
    queue.add(() => ingest(entries, by))

  return {
    load: (options) => queue.add(() => load(options)),
    async ingest(entries, { from, operation = untraced() }) {
      const result = await operation.run('registry.verify', () => ingestInTurn(entries, crypto))
      for (const { kind, outcome, name, message } of result.failures)
        if (outcome !== 'stale') log.debug('entry refused', { from, kind, outcome, name, message })
      return result
    },
    exclusive: (task) => queue.add(() => task(commit)),

    async receiveAnnouncement(announcement, { from, operation = untraced() }) {
      const id = announcement.ok
        ? { id: packageId(announcement.value.head.publisher, announcement.value.head.slug) }
        : {}
      const counted = recall()
      const read = await operation.run('registry.verify', () => verifyAnnouncement(announcement, counted))
      if (!read.ok) log.debug('announcement refused', { from, name: read.name, message: read.message })
      // Of a later version: not to be judged here, so neither passed on nor held against its sender.
      if (!read.ok && read.name === 'RecordUnsupported') return { verdict: 'known', ...id, checks: counted.checks() }
      if (!read.ok) {
        return {
          verdict: 'invalid',
          ...id,
          failure: new Failure(read.name, { code: 'record-refused', detail: read.message }),
          checks: counted.checks(),
        }
      }
      const { identity, head, release } = read.value
      const entries: Entry[] = [
        { kind: 'identity', bytes: identity.chain },
        { kind: 'head', bytes: head.bytes },
        ...(release === null ? [] : [{ kind: 'release' as const, bytes: release.bytes }]),
      ]
      // Others wait for the verdict, to be given the news; they need not wait for the disk.
      const accepted = await new Promise<number>((resolve, reject) => {
        queue.add(() => ingest(entries, counted, resolve)).catch(reject)
      })
      const time = release === null ? {} : { publishedAt: release.release.publishedAt }
      return { verdict: accepted > 0 ? 'new' : 'known', ...id, ...time, checks: counted.checks() }
    },

    get: catalogue.get,
    bySlug: catalogue.bySlug,
    all: catalogue.all,
    size: catalogue.size,
    revision: () => revision,
    identityOf: catalogue.identityOf,
    packagesOf: catalogue.packagesOf,
    releasesOf: catalogue.releasesOf,
    releasesBy: catalogue.releasesBy,
    knownVersions(slug) {
      const packages = catalogue.bySlug(slug)
      return packages.length === 0
        ? undefined
        : [...new Set(packages.flatMap(({ versions }) => versions.map(({ version }) => version)))]
    },
    dependentsOf: dependents.of,

    entryIds: catalogue.shelf.ids,
    watchEntryIds: catalogue.shelf.watchIds,
    async entriesById(ids) {
      return ids.flatMap((id) => catalogue.shelf.entry(toHex(id)) ?? [])
    },
    announcementFor(id) {
      const found = catalogue.get(id)
      if (found === undefined) return undefined
      const newest = found.entries[0]?.version
      const release = found.versions.find(({ version }) => version === newest)?.release
      return announcementCodec.encode({
        v: wireVersions.announcement,
        identity: found.identity.chain,
        head: found.head.bytes,
        release: release?.bytes ?? null,
      })
    },
    dhtValueFor(id) {
      const found = catalogue.get(id)
      return found === undefined
        ? undefined
        : { key: headKey(found.publisher, found.slug), value: encodeDhtValue(found.identity, found.head) }
    },
  }
}

/**
 * Pages and identities are known by the hash of their bytes, heads and releases by that of their bodies. The body of a
 * later version that is sent as a page must not be taken for the record itself, which can be judged.
 */
const mayBeAnother = ({ kind, bytes }: Entry): boolean =>
  (kind === 'page' || kind === 'identity') && isSignedBody(bytes)

const kindByTable = { identities: 'identity', heads: 'head', pages: 'page', releases: 'release' } as const

/** Records of unknown kinds name theirs; an earlier version may have stored what this one knows. */
const kindOfRow = (table: RecordTable, bytes: Uint8Array): string => {
  if (table !== 'records') return kindByTable[table]
  const envelope = anyEnvelopeCodec.decode(bytes)
  return envelope.ok ? envelope.value.kind : 'unknown'
}

/** The row of a record of our own, which is the newest of its kind. */
const toRow = (entry: VerifiedEntry): Change => {
  switch (entry.kind) {
    case 'identity':
      return { table: 'identities', key: entry.identity.publisherId, value: entry.identity.chain }
    case 'head':
      return {
        table: 'heads',
        key: packageId(entry.head.head.publisher, entry.head.head.slug),
        value: entry.head.bytes,
      }
    case 'release':
      return { table: 'releases', key: entry.id, value: entry.release.bytes }
    case 'page':
      return { table: 'pages', key: entry.id, value: entry.bytes }
    case 'other':
      throw new Failure('Internal', { code: 'unknown-record-kind' })
  }
}

const describeStale = (kind: string, outcome: FoldOutcome): IngestFailure | undefined => {
  if (outcome === 'forked') {
    return {
      kind,
      outcome: 'stale',
      name: 'IdentityInvalid',
      message: 'A publisher signed two histories of its identity. The one that was known first is kept.',
    }
  }
  if (outcome === 'stale' && kind === 'head') {
    return { kind, outcome: 'stale', name: 'Rollback', message: 'This head is older than one that is known.' }
  }
  return undefined
}
