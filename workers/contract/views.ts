import type { FailureView } from './failures.ts'
import type { DamageReason, FailureReason, HealthReason, StepReason, WarningReason } from './reasons.ts'

/**
 * The data that the page shows: plain and structured-cloneable. Sizes are bytes, times are milliseconds since the epoch
 * unless the name ends in `Ms` (a duration). Ids are full package ids, `<publisherId>/<slug>`.
 */

/** One file of a package. `executable` is the mode bit. */
export interface FileInput {
  path: string
  bytes: Uint8Array
  executable?: boolean
}

/** Why a file is not part of a package; `chosen`: a person left it out. */
export type LeftOutReason = 'version-control' | 'dependencies' | 'build' | 'cache' | 'editor' | 'system' | 'chosen'

/** Given files that are not published, counted by the name of the file or folder that is left out. */
export interface LeftOut {
  name: string
  reason: LeftOutReason
  files: number
  /** True if counting ended early. */
  atLeast?: boolean
}

export type FindingLevel = 'error' | 'warning' | 'note'

/** One result of a package check; an `error` prevents publishing, and its `name` is a failure name. */
export interface Finding {
  level: FindingLevel
  name: string
  reason: FailureReason
  /** Published path of the file concerned, if any. */
  path?: string
  /** 1-based position in that file. */
  line?: number
  column?: number
}

export type DependencyKind = 'package' | 'external' | 'asset' | 'unknown'

/** A declared dependency as classified by the manifest reader. */
export interface DependencyView {
  name: string
  range: string
  optional: boolean
  kind: DependencyKind
  /** For `external`: its ecosystem. */
  ecosystem?: 'crate' | 'npm' | 'python' | 'tool'
}

/** The searchable and displayed fields of a package, as read from its manifest or its form. */
export interface ManifestFields {
  slug: string
  version: string
  displayName: string
  description: string
  category: string
  tags: string[]
  keywords: string[]
  license: string
  authors: string[]
  repository: string
}

/** The result of publishing these files. `ok` is false when a finding is an error; then nothing is signed. */
export interface PackageCheck {
  ok: boolean
  findings: Finding[]
  /** Fields that could be read, also when `ok` is false, to fill the form. */
  fields: ManifestFields
  /** Path of the manifest that was read, or undefined. */
  manifestPath?: string
  dependencies: DependencyView[]
  /** Files that would be published. */
  files: { path: string; size: number }[]
  size: number
  /** Given files that would not be: version control, installed dependencies, caches, build output and the like. */
  leftOut: LeftOut[]
}

export interface PublishOptions {
  /** Checks and resolves everything, signs and stores nothing. */
  dryRun?: boolean
  /** Name of the folder or archive with the files; a last resort for the slug. */
  folder?: string
  /** Fields that the person entered; they override the manifest. */
  fields?: Partial<ManifestFields>
  /**
   * Paths of files that look private (keys, tokens, settings with passwords) and should be published anyway. Any other
   * such file is an error `PrivateFile`, and nothing is published.
   */
  confirmedPrivate?: string[]
  /** Files left out before this command, to be listed with the others. */
  leftOut?: LeftOut[]
}

/** Options of a new draft. */
export type DraftOptions = Omit<PublishOptions, 'dryRun'>

/** Changes of a draft; absent fields stay unchanged. */
export interface DraftChange extends Pick<PublishOptions, 'fields' | 'confirmedPrivate'> {
  /** Published paths of files to remove from the draft; unknown paths are ignored. */
  leaveOut?: string[]
}

/** An open draft. */
export interface OpenedDraft {
  id: string
  check: PackageCheck
}

export interface PublishResult {
  id: string
  version: string
  /** Content id of the manifest (CIDv1, base32). */
  root: string
  warnings: WarningReason[]
}

export type SortOrder = 'relevance' | 'updated' | 'name'

export interface SearchQuery {
  text?: string
  category?: string
  tag?: string
  license?: string
  publisher?: string
  sort?: SortOrder
  offset?: number
  /** At most 100. */
  limit?: number
  /** True also queries connected peers, and answers after them, within a few seconds; false searches locally. */
  remote?: boolean
  /** Chosen by the caller, so that `cancel` can end the peer query; the search then answers with local results. */
  searchId?: string
}

export interface PackageSummary {
  id: string
  slug: string
  version: string
  name: string
  description: string
  category: string
  tags: string[]
  publisher: string
  /** The publisher's own name for itself; not unique. */
  publisherName: string
  license: string
  size: number
  /** By its publisher's clock, never later than now; 0 when that clock is implausible. */
  publishedAt: number
}

export interface Facet {
  value: string
  count: number
}

export interface SearchResult {
  total: number
  tookMs: number
  facets: { category: Facet[]; tag: Facet[]; license: Facet[]; publisher: Facet[] }
  hits: PackageSummary[]
  /** For a remote search: number of peers queried, and of those that answered. */
  peers?: { asked: number; answered: number }
}

export interface VersionView {
  version: string
  root: string
  size: number
  fileCount: number
  /** As in a summary. */
  publishedAt: number
  yanked: boolean
  installed: boolean
  /** Two signed contents exist for this version: never installed silently. */
  equivocation: boolean
}

/** Trust of this profile in a publisher: itself, used before (trust on first use), never used. */
export type TrustState = 'self' | 'known' | 'new'

export interface PackageView {
  summary: PackageSummary
  displayName: string
  authors: string[]
  keywords: string[]
  repository: string
  dependencies: DependencyView[]
  /** Packages in the catalogue that name this one as a dependency. */
  dependents: { id: string; slug: string }[]
  versions: VersionView[]
  /** Files of the newest version; undefined until its content or manifest is present. */
  files?: { path: string; size: number }[]
  /** Number of distinct known providers of the newest version, this node included. */
  heldBy: number
  publisher: { id: string; name: string; fingerprint: string; trust: TrustState }
  /** Packages of other publishers with the same slug. */
  namesakes: { id: string; publisherName: string }[]
}

export interface LookupResult {
  found: boolean
  tookMs: number
  /**
   * Source of the answer. `hot`: memory, ready to use; `warm`: memory, decoded or assembled (from the cache, or from
   * the catalogue when the cache missed); `cold`: IndexedDB; `dht`: other peers, by DHT lookup or by a query to
   * connected ones; `none`: not found.
   */
  from: 'hot' | 'warm' | 'cold' | 'dht' | 'none'
  record?: PackageSummary
}

export interface ResolvedPackage {
  id: string
  version: string
  root: string
}

/** The effects of an install, shown before it starts. */
export interface InstallPlan {
  packages: (ResolvedPackage & { slug: string; size: number; installed: boolean; requiredBy: string[] })[]
  /** Bytes still to be fetched. */
  bytes: number
  warnings: WarningReason[]
}

export interface InstallOptions {
  dryRun?: boolean
  /** Chosen by the caller, so that `cancel` can name the transfer while the command runs. */
  transferId?: string
  /** Installs although a required dependency is not in the catalogue; the gap is reported as a warning. */
  allowMissing?: boolean
}

export interface InstallResult {
  installed: ResolvedPackage[]
  bytes: number
  tookMs: number
  warnings: WarningReason[]
}

export interface LibraryEntry {
  id: string
  slug: string
  version: string
  displayName: string
  publisherName: string
  root: string
  size: number
  installedAt: number
  /** Installed only because another package needs it. */
  asDependency: boolean
  files: { path: string; size: number; sha256: string }[]
}

/** The effects of an uninstall, shown before it starts. */
export interface UninstallPlan {
  /** Installed packages that stop working without it, direct dependents first. */
  breaks: { id: string; slug: string; version: string; displayName: string }[]
  /** Why its files stay: this profile published them, or another installed package or a running command uses them. */
  kept?: 'published' | 'installed' | 'held'
}

export interface UninstallOptions {
  /** Removes it even if installed packages need it. */
  force?: boolean
}

/** Result of verifying an installed package against its manifest. */
export interface VerifyResult {
  ok: boolean
  damaged: { path: string; reason: DamageReason }[]
}

export type TransferState = 'resolving' | 'finding' | 'fetching' | 'verifying' | 'done' | 'failed' | 'cancelled'

export interface TransferView {
  id: string
  /** The specs that the person gave. */
  specs: string[]
  state: TransferState
  bytes: number
  totalBytes: number
  /** Peers that sent at least one piece. */
  sources: number
  startedAt: number
  /** Current limit: packages are fetched through a relay, each of at most `bytes`. */
  limit?: { reason: 'relayed'; bytes: number } | undefined
  failure?: FailureView
}

export type PublicationState = 'stored' | 'sending' | 'sent'

export interface PublicationView {
  id: string
  slug: string
  version: string
  state: PublicationState
  /** Peers that confirmed the head record over the DHT. */
  acknowledgements: number
  /** Peers that the announcement was sent to. */
  announcedTo: number
  publishedAt: number
}

export interface PeerView {
  peerId: string
  kind: 'relay' | 'peer'
  /** `direct` is WebRTC or a WebSocket to that peer; `relayed` goes through a relay. */
  path: 'direct' | 'relayed'
  address: string
  rttMs?: number
  connectedAt: number
  /** Health of its connection, from pings and requests. An unhealthy connection is about to be closed. */
  health: 'healthy' | 'degraded' | 'unhealthy'
  /** Why the connection is degraded or unhealthy. */
  healthReason?: HealthReason | undefined
  /** True when kept although idle: relays and the most useful peers. */
  kept: boolean
  /** Reputation, 0 to 1; that of an unknown peer before the first experience. */
  score: number
  /** Bytes on its streams since this node started, over all its connections; `recent`: in the last 10 s. */
  bytesIn: number
  bytesOut: number
  recentBytesIn: number
  recentBytesOut: number
}

/** State of each step towards being a full peer, in the order in which they happen. */
export type StepState = 'waiting' | 'working' | 'ok' | 'failed'

export interface Step {
  state: StepState
  /** Why it failed or waits, if known. */
  reason?: StepReason | undefined
}

export interface TimedStep extends Step {
  /** When it entered this state. */
  since: number
}

export interface StatusView {
  peerId: string
  publisherId: string
  publisherName: string
  profile: string
  /** True while at least one relay or peer is connected. */
  online: boolean
  /** `reserved`: peers can reach this tab there. `reason`: why it waits or failed; absent when it works. */
  relays: { address: string; connected: boolean; reserved: boolean; reason?: StepReason | undefined }[]
  connections: number
  directConnections: number
  catalogueSize: number
  /**
   * True after a complete sync exchange since this node last had no peers: it has the entries that its peers had then.
   */
  catalogueComplete: boolean
  /** Connected peers that answer remote searches. */
  searchablePeers: number
  /** False when IndexedDB is unavailable: nothing survives the tab. */
  persistent: boolean
  /** How WebRTC works here: by `transfer` of channels to the worker, by `message` passing, or not at all (`none`). */
  channelPath: 'transfer' | 'message' | 'none'
  /**
   * Lead of this machine's clock over that of the page's server, negative when behind; absent while they agree or the
   * server's is unknown.
   */
  clockAheadMs?: number
  /**
   * `relay`: connected to a relay; `reservation`: peers can reach this tab through it; `direct`: WebRTC connects to
   * other tabs (ICE); `topic`: peers forward announcements; `catalogue`: synced with peers.
   */
  steps: Record<'relay' | 'reservation' | 'direct' | 'topic' | 'catalogue' | 'storage', TimedStep>
}

/** Kinds of cached values: packages from lookups, and manifests and files of content that was read. */
export type CacheKind = 'package' | 'manifest' | 'file'

/** Hits and misses of the cache since the engine started. */
export interface CacheFigures {
  /**
   * By tier of the cache; for manifests and files, cold is the content on this device. `catalogue` counts lookups that
   * missed all tiers and hit the catalogue.
   */
  hits: { hot: number; warm: number; cold: number; catalogue: number }
  /** Lookups that needed other peers, found or not; reads of content that is not on this device. */
  misses: number
  /** Share of hits in all requests, 0 to 1. */
  hitRate: number
}

/** The figures in total, and for each kind. */
export interface CacheView extends CacheFigures {
  kinds: Record<CacheKind, CacheFigures>
  /**
   * Over the last `requests` of any kind for existing values: the hit rate of the hot and warm tiers, and that of the
   * optimal policy (Belady's, which knows the future) with the same number of entries. Both count the first request for
   * each value as a miss.
   */
  memory: { requests: number; hitRate: number; best: number }
}

/** Counters since the engine started, named as in Prometheus: labels are part of the name. */
export type MetricsView = Record<string, number>
