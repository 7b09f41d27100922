import type { FailureView } from './failures.ts'
import type { DamageReason, FailureReason, HealthReason, StepReason, WarningReason } from './reasons.ts'

/**
 * What the page sees: plain, structured-cloneable data. Sizes are bytes, times are milliseconds since the epoch unless
 * the name ends in `Ms` (a duration). Ids are full package ids, `<publisherId>/<slug>`.
 */

/** One file of a package. `executable` is the mode bit. */
export interface FileInput {
  path: string
  bytes: Uint8Array
  executable?: boolean
}

/** Why a file does not belong to a package; `chosen`: a person left it out. */
export type LeftOutReason = 'version-control' | 'dependencies' | 'build' | 'cache' | 'editor' | 'system' | 'chosen'

/** Files that were handed in and are not published, counted by the name of the file or folder that they go with. */
export interface LeftOut {
  name: string
  reason: LeftOutReason
  files: number
  /** There are more: counting ended early. */
  atLeast?: boolean
}

export type FindingLevel = 'error' | 'warning' | 'note'

/** One thing that a check of a package found; an `error` forbids publishing and `name` is then a failure name. */
export interface Finding {
  level: FindingLevel
  name: string
  reason: FailureReason
  /** The file it is about, as published, if it is about one. */
  path?: string
  /** 1-based position in that file. */
  line?: number
  column?: number
}

export type DependencyKind = 'package' | 'external' | 'asset' | 'unknown'

/** A declared dependency as the manifest reader classed it. */
export interface DependencyView {
  name: string
  range: string
  optional: boolean
  kind: DependencyKind
  /** For `external`: where it comes from. */
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

/** What publishing these files would do. `ok` is false when a finding is an error; then nothing is signed. */
export interface PackageCheck {
  ok: boolean
  findings: Finding[]
  /** What could be read, also when `ok` is false, to fill the manual form. */
  fields: ManifestFields
  /** Which manifest was read, or undefined. */
  manifestPath?: string
  dependencies: DependencyView[]
  /** What would be published. */
  files: { path: string; size: number }[]
  size: number
  /** What was handed in and would not be: version control, installed dependencies, caches, build output and the like. */
  leftOut: LeftOut[]
}

export interface PublishOptions {
  /** Checks and resolves everything, signs and stores nothing. */
  dryRun?: boolean
  /** Name of the folder or archive that the files come from; a last resort for the slug. */
  folder?: string
  /** Fields that the person typed over what the manifest says. */
  fields?: Partial<ManifestFields>
  /**
   * Paths of files that look private (keys, tokens, settings with passwords) and are to be published all the same. Each
   * other one is an error `PrivateFile` and nothing is published.
   */
  confirmedPrivate?: string[]
  /** What was left out before these files were handed in, so that it is listed with the rest. */
  leftOut?: LeftOut[]
}

/** What a draft is opened with beside its files. */
export type DraftOptions = Omit<PublishOptions, 'dryRun'>

/** Changes of a draft; what is absent stays as it is. */
export interface DraftChange extends Pick<PublishOptions, 'fields' | 'confirmedPrivate'> {
  /** Paths, as published, of files that are taken out of the draft; those that are not in it are ignored. */
  leaveOut?: string[]
}

/** A draft that was opened. */
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
  /** Asks connected peers as well and answers when they have, within a few seconds; `false` is answered from here. */
  remote?: boolean
  /** Chosen by the caller so that `cancel` can end asking peers; the search is then answered with what is here. */
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
  /** By its publisher's clock, never later than now; 0 where that clock cannot be believed. */
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
  /** Of a remote search: how many peers were asked, and how many of them have answered. */
  peers?: { asked: number; answered: number }
}

export interface VersionView {
  version: string
  root: string
  size: number
  fileCount: number
  /** As that of a summary. */
  publishedAt: number
  yanked: boolean
  installed: boolean
  /** Two signed contents exist for this version: never installed silently. */
  equivocation: boolean
}

/** How far this profile trusts a publisher: itself, used before (first use), never used. */
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
  /** Files of the newest version, when its content or manifest is here; undefined when it is not known yet. */
  files?: { path: string; size: number }[]
  /** How many distinct peers are known to provide the newest version, this one included. */
  heldBy: number
  publisher: { id: string; name: string; fingerprint: string; trust: TrustState }
  /** Other packages of the same slug by other publishers. */
  namesakes: { id: string; publisherName: string }[]
}

export interface LookupResult {
  found: boolean
  tookMs: number
  /**
   * Where the answer came from: `hot`, memory, as it is; `warm`, memory, where it had to be decoded or put together (from
   * the cache, or from the catalogue when the cache did not have it); `cold`, IndexedDB; `dht`, other peers, through the DHT or,
   * asked meanwhile, connected ones; `none`, nowhere.
   */
  from: 'hot' | 'warm' | 'cold' | 'dht' | 'none'
  record?: PackageSummary
}

export interface ResolvedPackage {
  id: string
  version: string
  root: string
}

/** What an install would do, shown before it is done. */
export interface InstallPlan {
  packages: (ResolvedPackage & { slug: string; size: number; installed: boolean; requiredBy: string[] })[]
  /** Bytes that must still be fetched. */
  bytes: number
  warnings: WarningReason[]
}

export interface InstallOptions {
  dryRun?: boolean
  /** Chosen by the caller so that `cancel` can name it while the command is under way. */
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
  /** Installed because something else needs it. */
  asDependency: boolean
  files: { path: string; size: number; sha256: string }[]
}

/** What an uninstall would do, shown before it is done. */
export interface UninstallPlan {
  /** Installed packages that stop working without it, direct dependents first. */
  breaks: { id: string; slug: string; version: string; displayName: string }[]
  /** Its files stay here: this profile published them, or another installed package or a running command uses them. */
  kept?: 'published' | 'installed' | 'held'
}

export interface UninstallOptions {
  /** Removes it although installed packages need it. */
  force?: boolean
}

/** Outcome of a re-verification of an installed package against its manifest. */
export interface VerifyResult {
  ok: boolean
  damaged: { path: string; reason: DamageReason }[]
}

export type TransferState = 'resolving' | 'finding' | 'fetching' | 'verifying' | 'done' | 'failed' | 'cancelled'

export interface TransferView {
  id: string
  /** What the person asked for. */
  specs: string[]
  state: TransferState
  bytes: number
  totalBytes: number
  /** Peers that sent at least one piece. */
  sources: number
  startedAt: number
  /** What slows and bounds it now: packages come through a relay, each of at most `bytes`. */
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
  /** Peers the announcement was handed to. */
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
  /** Of its connection, from pings and requests. An unhealthy one is about to be closed. */
  health: 'healthy' | 'degraded' | 'unhealthy'
  /** Why it is not healthy. */
  healthReason?: HealthReason | undefined
  /** True when it is kept although it is idle: a relay, and the most useful peers. */
  kept: boolean
}

/** State of each step towards being a full peer, in the order in which they happen. */
export type StepState = 'waiting' | 'working' | 'ok' | 'failed'

export interface Step {
  state: StepState
  /** Why it failed or waits; absent when there is nothing to say. */
  reason?: StepReason | undefined
}

export interface TimedStep extends Step {
  /** When it came into this state. */
  since: number
}

export interface StatusView {
  peerId: string
  publisherId: string
  publisherName: string
  profile: string
  /** True while at least one relay or peer is connected. */
  online: boolean
  /** `reserved`: others can reach this tab there. `reason`: what it waits for or why it failed; absent when all works. */
  relays: { address: string; connected: boolean; reserved: boolean; reason?: StepReason | undefined }[]
  connections: number
  directConnections: number
  catalogueSize: number
  /**
   * A whole exchange of catalogues has ended well since this peer was last alone: what connected peers knew then is
   * known here.
   */
  catalogueComplete: boolean
  /** Connected peers that answer a remote search. */
  searchablePeers: number
  /** False when IndexedDB was refused: nothing survives the tab. */
  persistent: boolean
  /** WebRTC works in this browser by `transfer` of channels to the worker, or by `message` passing, or not (`none`). */
  channelPath: 'transfer' | 'message' | 'none'
  /**
   * How far the clock of this machine is ahead of that of the page's server, negative where it is behind; absent while
   * they agree, or where the server does not say.
   */
  clockAheadMs?: number
  /**
   * `relay`: a relay is dialled; `reservation`: it lets others reach this tab; `direct`: WebRTC finds a way to other tabs
   * (ICE); `topic`: there are peers that pass announcements on; `catalogue`: it is exchanged with peers.
   */
  steps: Record<'relay' | 'reservation' | 'direct' | 'topic' | 'catalogue' | 'storage', TimedStep>
}

/** What the cache keeps: packages that were looked up, and manifests and files of content that was read. */
export type CacheKind = 'package' | 'manifest' | 'file'

/** How requests to the cache were answered since the engine started. */
export interface CacheFigures {
  /**
   * By tier of the cache; for manifests and files cold is the content on this device. `catalogue` are the lookups that no
   * tier could answer and the catalogue did.
   */
  hits: { hot: number; warm: number; cold: number; catalogue: number }
  /** Lookups that only other peers could answer, whether they did or not; reads of content that is not on this device. */
  misses: number
  /** Share of both that was answered here, 0 to 1. */
  hitRate: number
}

/** The figures of all kinds together, and of each. */
export interface CacheView extends CacheFigures {
  kinds: Record<CacheKind, CacheFigures>
  /**
   * Over the last `requests` for what there was, of all kinds: the share that the hot and warm tiers answered, and the
   * share that the best possible policy (Belady's, which knows the future) would have with as many entries. Both count
   * the first request for each value as a miss.
   */
  memory: { requests: number; hitRate: number; best: number }
}

/** Counters since the engine started, by the names of Prometheus: a label is a part of the name. */
export type MetricsView = Record<string, number>
