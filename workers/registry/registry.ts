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
import { verifyBatch, verifyInOrder } from './verify-batch.ts'
import { type Verification, verifyEntry } from './verify-entry.ts'

/**
 * The catalogue with verified signatures and stored records. Peers' entries enter through `ingest`, own publications
 * through `exclusive`; reads are served from memory.
 *
 * Guarantees: nothing unverified is shown or passed on, not even from our own disk. Changes are serialised. `onChange`
 * runs once a change is stored. If storage fails, `onProblem` runs as well and the next write tries again.
 */
export interface Registry {
  /**
   * Reads all stored records and reports them in one `onChange`. Damaged rows are dropped and reported, never fatal.
   * @param options.own own identities from elsewhere, so that damage to the identities table cannot hide what this
   * profile has published.
   */
  load(options?: { own?: readonly Identity[] }): Promise<LoadReport>
  /** Verifies, adds and stores entries. Never rejects because of their contents. */
  ingest(entries: readonly Entry[], options: ReceiveOptions): Promise<IngestResult>
  /**
   * Does the same for a decoded announcement. Only its contents can make it invalid, never the state of this catalogue:
   * the peer that passed it on may have another state.
   */
  receiveAnnouncement(announcement: Decoded<ReadAnnouncement>, options: ReceiveOptions): Promise<AnnouncementOutcome>

  get(id: string): CataloguePackage | undefined
  bySlug(slug: string): readonly CataloguePackage[]
  all(): IterableIterator<CataloguePackage>
  size(): number
  /** Increases with every change. */
  revision(): number
  identityOf(publisher: string): Identity | undefined
  packagesOf(publisher: string): readonly CataloguePackage[]
  releasesOf(id: string, version: string): readonly VerifiedRelease[]
  /** Every stored release of a publisher, including those that no head names. */
  releasesBy(publisher: string): Iterable<VerifiedRelease>
  /** Versions of all packages with this name, or undefined if there is no such package. */
  knownVersions(slug: string): readonly string[] | undefined
  /** Packages whose latest release depends on this one. */
  dependentsOf(id: string): readonly CataloguePackage[]

  /** Ids of all entries shared with peers. */
  entryIds(): readonly Uint8Array[]
  /** Reports each current id at once, then each addition and removal. Returns a function that stops it. */
  watchEntryIds(watcher: IdWatcher): () => void
  entriesById(ids: readonly Uint8Array[]): Promise<Entry[]>
  /** The encoded identity, head and last published release of a package. */
  announcementFor(id: string): Uint8Array | undefined
  dhtValueFor(id: string): { key: string; value: Uint8Array } | undefined

  /**
   * Runs a task that reads and then changes the catalogue, with no other change in between. `commit` stores our own
   * entries together with other changes in one strict write, then adds them. If it rejects, nothing has changed.
   */
  exclusive<T>(task: (commit: Commit) => Promise<T>): Promise<T>
}

export interface ReceiveOptions {
  /** The sending peer, or another source. */
  readonly from: string
  /** The enclosing operation. Entries that have arrived are added even if it is cancelled. */
  readonly operation?: Operation
}

export type Commit = (entries: readonly VerifiedEntry[], changes: readonly Change[]) => Promise<void>

export interface RegistryDependencies {
  readonly store: Store
  readonly crypto: CryptoProvider
  /** Runs after a change was stored. */
  onChange(change: RegistryChange): void
  /** Runs when storage failed. The catalogue keeps working in memory. */
  onProblem?(failure: Failure): void
  readonly limits?: CatalogueLimits
  readonly telemetry?: Pick<Telemetry, 'logger'>
}

export interface RegistryChange {
  readonly revision: number
  readonly size: number
  /** Packages that were added, changed or removed; `get` returns their current state. */
  readonly packages: readonly PackageId[]
}

export interface LoadReport {
  readonly packages: number
  readonly entries: number
  readonly droppedCount: number
  /** The first dropped rows. */
  readonly dropped: readonly { table: TableName; key: string; name: FailureName; message: string }[]
}

export interface IngestResult {
  /** New entries. */
  readonly accepted: number
  /** Entries whose bytes are wrong: forged or malformed. */
  readonly rejected: number
  /** Rejected entries with a bad signature for a known identity. Only their forger sends them. */
  readonly forged: number
  /** Entries that cannot be verified here because an identity or a newer version is missing; not a violation. */
  readonly unproven: number
  /** Ids of unproven entries that only a later version of this program can verify and that no other entry can have. */
  readonly unsupported: readonly Uint8Array[]
  /** Entries that are or were valid and change nothing: duplicate, older, or waiting for other entries. */
  readonly stale: number
  /** The first failures among the entries that were not accepted. */
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
  /** The announced package, if it could be decoded. */
  readonly id?: PackageId
  readonly failure?: Failure
  /** Time of the release by its publisher's clock (ms since the epoch). */
  readonly publishedAt?: number
  /** Number of signatures verified without the cache. */
  readonly checks: number
}

/** Maximum number of damaged rows or refused entries reported one by one; a person reads no more. */
const maxReported = 16

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
  const signatureCache = createSignatureCache(crypto)
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
    const changes = catalogue.records.takeUnsaved()
    if (changes.length + others.length === 0) return
    try {
      await store.write([...others, ...changes])
    } catch (error) {
      catalogue.records.markUnsaved(changes)
      log.warn('catalogue not stored', { changes: changes.length, error: String(error) })
      onProblem(toFailure(error))
    }
  }

  /** @param onFolded runs when all valid entries are in the catalogue, before they are stored. */
  const ingest = async (
    entries: readonly Entry[],
    verifier: CryptoProvider,
    onFolded: (accepted: number) => void = () => {},
  ): Promise<IngestResult> => {
    const counts = { accepted: 0, stale: 0, unproven: 0, invalid: 0, forged: 0 }
    const failures: IngestFailure[] = []
    const unsupported: Uint8Array[] = []
    const count = (outcome: keyof typeof counts, failure?: IngestFailure): void => {
      counts[outcome] += 1
      if (failure !== undefined && failures.length < maxReported) failures.push(failure)
    }
    for await (const [entry, verification] of verifyInOrder(entries, catalogue, verifier)) {
      if (verification === 'known') count('stale')
      else if (verification.outcome === 'verified') {
        const folded = catalogue.add(verification.entry)
        if (folded === 'new') count('accepted')
        else count('stale', describeStale(entry.kind, folded))
      } else {
        const { outcome, kind, name, message } = verification
        count(outcome, { kind, outcome, name, message })
        if (name === 'RecordUnsupported' && !mayHaveIdOfAnother(entry)) unsupported.push(await entryId(entry, verifier))
      }
    }
    onFolded(counts.accepted)
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
        catalogue.records.markSaved([{ table, key, value }])
        if (folded !== 'waiting') obsolete.push({ table, key, value: undefined })
        return
      }
      const { name, message } = verification
      droppedCount += 1
      if (dropped.length < maxReported) dropped.push({ table, key, name, message })
      // Records without their identity and records of later versions stay on the disk. A key that the identity does not
      // list means damage: the record was verified when it was stored.
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
    // Damaged rows, and rows whose record is in another row or lost to another record.
    await persist(obsolete.filter(({ table, key }) => !catalogue.records.holds(table, key)))
    publishChange()
    return { packages: catalogue.size(), entries, droppedCount, dropped }
  }

  const commit: Commit = async (entries, changes) => {
    const rows = entries.map(toRow)
    await store.write([...rows, ...changes], { durability: 'strict' })
    for (const entry of entries) catalogue.add(entry)
    catalogue.records.markSaved(rows)
    // Removes the rows that the new head made obsolete.
    await persist()
    publishChange()
  }

  const enqueueIngest = (entries: readonly Entry[], verifier: CryptoProvider): Promise<IngestResult> =>
    queue.add(() => ingest(entries, verifier))

  return {
    load: (options) => queue.add(() => load(options)),
    async ingest(entries, { from, operation = untraced() }) {
      const verify = async ({ span }: Operation): Promise<IngestResult> => {
        const ingested = await enqueueIngest(entries, crypto)
        const { accepted, rejected, unproven } = ingested
        span.setAttributes({ accepted, rejected, unproven })
        return ingested
      }
      const result = await operation.run('verify_records', verify, { entries: entries.length })
      for (const { kind, outcome, name, message } of result.failures)
        if (outcome !== 'stale') log.debug('entry refused', { from, kind, outcome, name, message })
      return result
    },
    exclusive: (task) => queue.add(() => task(commit)),

    // Its operation is for this work alone and needs no parts: gossip is the most frequent of all.
    async receiveAnnouncement(announcement, { from }) {
      const id = announcement.ok
        ? { id: packageId(announcement.value.head.publisher, announcement.value.head.slug) }
        : {}
      const countedCrypto = signatureCache()
      const read = await verifyAnnouncement(announcement, countedCrypto)
      if (!read.ok) log.debug('announcement refused', { from, name: read.name, message: read.message })
      // This version cannot verify it, so it is neither passed on nor a violation by its sender.
      if (!read.ok && read.name === 'RecordUnsupported')
        return { verdict: 'known', ...id, checks: countedCrypto.checks() }
      if (!read.ok) {
        return {
          verdict: 'invalid',
          ...id,
          failure: new Failure(read.name, { code: 'record-refused', detail: read.message }),
          checks: countedCrypto.checks(),
        }
      }
      const { identity, head, release } = read.value
      const entries: Entry[] = [
        { kind: 'identity', bytes: identity.chain },
        { kind: 'head', bytes: head.bytes },
        ...(release === null ? [] : [{ kind: 'release' as const, bytes: release.bytes }]),
      ]
      // Gossip forwards the message once there is a verdict, which must not wait for the disk.
      const accepted = await new Promise<number>((resolve, reject) => {
        queue.add(() => ingest(entries, countedCrypto, resolve)).catch(reject)
      })
      const time = release === null ? {} : { publishedAt: release.release.publishedAt }
      return { verdict: accepted > 0 ? 'new' : 'known', ...id, ...time, checks: countedCrypto.checks() }
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

    entryIds: catalogue.records.ids,
    watchEntryIds: catalogue.records.watchIds,
    async entriesById(ids) {
      return ids.flatMap((id) => catalogue.records.entry(toHex(id)) ?? [])
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
 * The id of a page or identity is the hash of its bytes, that of a head or release the hash of its body. So the body of
 * a signed record, sent as a page, has the id of that record, which this version may be able to verify.
 */
const mayHaveIdOfAnother = ({ kind, bytes }: Entry): boolean =>
  (kind === 'page' || kind === 'identity') && isSignedBody(bytes)

const kindByTable = { identities: 'identity', heads: 'head', pages: 'page', releases: 'release' } as const

/** Records of unknown kinds name their kind. An earlier version may have stored a kind that this one supports. */
const kindOfRow = (table: RecordTable, bytes: Uint8Array): string => {
  if (table !== 'records') return kindByTable[table]
  const envelope = anyEnvelopeCodec.decode(bytes)
  return envelope.ok ? envelope.value.kind : 'unknown'
}

/** Returns the row of one of our own records, which is always the newest of its kind. */
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
