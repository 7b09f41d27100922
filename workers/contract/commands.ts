import type {
  ObjectiveView,
  PeerDetailView,
  PercentileView,
  PingView,
  ReputationView,
  SamplesOptions,
  SamplesView,
  TelemetryOptions,
  TelemetryView,
  TracesOptions,
  TraceView,
} from './telemetry-views.ts'
import type {
  DraftChange,
  DraftOptions,
  FileInput,
  InstallOptions,
  InstallPlan,
  InstallResult,
  LeftOut,
  LibraryEntry,
  LookupResult,
  MetricsView,
  OpenedDraft,
  PackageCheck,
  PackageView,
  PeerView,
  PublishOptions,
  PublishResult,
  ResolvedPackage,
  SearchQuery,
  SearchResult,
  StatusView,
  UninstallOptions,
  UninstallPlan,
  VerifyResult,
} from './views.ts'

/** Options that the page passes to the worker once, before any other command. */
export interface StartOptions {
  profile: string
  /** Relay multiaddrs from `?relay=`; empty means those listed by the page's server, or its last stored list. */
  relays: string[]
  /** ICE servers for WebRTC; empty means host candidates only. */
  iceServers: { urls: string | string[]; username?: string; credential?: string }[]
  /** Transferred: receives at most one `UpdateBatch` per tick. */
  updates: MessagePort
  /** Transferred: the port to the page's RTCPeerConnections; undefined in browsers without WebRTC. */
  rtc: MessagePort | undefined
  /** False forces message passing instead of transferred data channels (tests, and browsers that refuse a transfer). */
  transferChannels: boolean
  /** Rooms whose logs are written to the console (`?debug=room,room`, `*` for all); absent: none. */
  debug?: string
  /** Set when this page leads the tabs of its profile; without it the engine serves no other tab. */
  leadership?: Leadership
}

/**
 * `leader` is the id of this leadership. `stolen`: taken from a frozen holder, which loses the profile. `restarted`:
 * the holder was an engine of the same page.
 */
export interface Leadership {
  leader: string
  stolen: boolean
  restarted?: boolean
}

/** Why the engine should check its connections now: the network is back, the page is visible, the machine resumed. */
export type WakeReason = 'online' | 'visible' | 'resume'

/**
 * The commands of the engine. Each resolves with a value or rejects with an Error whose `name` is one of
 * `failureNames`. Commands other than `start` wait until the engine is up.
 */
export interface EngineCommands {
  /** Opens storage and keys and starts the node; resolves when commands work, before any peer is connected. */
  start(options: StartOptions): Promise<void>
  /** Stops the node and closes storage. */
  stop(): Promise<void>
  /** Writes pending values: the page is hidden or closing, and its worker may end without notice. */
  flush(): Promise<void>
  status(): Promise<StatusView>

  /** Reads files as a package and reports findings; never rejects because of their content. */
  check(files: FileInput[], options?: PublishOptions): Promise<PackageCheck>
  /**
   * Reads the files of a zip archive, checked for size, links and unsafe paths before they are inflated. A common top
   * folder is removed from the paths and returned. Files that never belong to a package are left out, as when the
   * folder itself is chosen.
   */
  readArchive(archive: Uint8Array): Promise<{ folder?: string; files: FileInput[]; leftOut: LeftOut[] }>
  /**
   * Checks, signs and stores a release; resolves when it is durable on this device. Updates report its publication to
   * the network. Rejects, also in a dry run, with the first error that `check` finds: with `PrivateFile` for a file
   * that looks private and is not in `confirmedPrivate`.
   */
  publish(files: FileInput[], options?: PublishOptions): Promise<PublishResult>
  /**
   * Keeps files as a draft and checks them; later changes do not send the files again. A draft ends by `closeDraft`,
   * with the tab that opened it or with the engine, and may be closed when there are too many: every other command on
   * it then rejects with `DraftNotOpen`, and the caller opens it again with its current state.
   */
  openDraft(files: FileInput[], options?: DraftOptions): Promise<OpenedDraft>
  /** Changes a draft and checks it as `check` does. */
  changeDraft(id: string, change: DraftChange): Promise<PackageCheck>
  /** Changes a draft and publishes it as `publish` does; content unchanged since the last time is not hashed again. */
  publishDraft(id: string, options?: DraftChange & Pick<PublishOptions, 'dryRun'>): Promise<PublishResult>
  closeDraft(id: string): Promise<void>
  /** Hides a version of an own package from new resolutions. */
  yank(id: string, version: string): Promise<void>

  search(query: SearchQuery): Promise<SearchResult>
  /** Everything that the package page shows, from local data; rejects with `PackageNotFound`. */
  describe(id: string): Promise<PackageView>
  /**
   * Fetches more for `describe`: the files of a small package, and the number of its providers. Resolves when both are
   * known or have failed, within seconds; rejects with `PackageNotFound`.
   */
  preview(id: string): Promise<void>
  /** The head record of a package: from the cache or the catalogue, otherwise from the DHT or connected peers. */
  lookup(id: string): Promise<LookupResult>

  resolve(specs: string[]): Promise<{ packages: ResolvedPackage[] }>
  planInstall(specs: string[], options?: InstallOptions): Promise<InstallPlan>
  install(specs: string[], options?: InstallOptions): Promise<InstallResult>
  /**
   * Stops a transfer; verified pieces are kept for a later try. With the id of a remote search it ends the peer query.
   */
  cancel(id: string): Promise<void>

  library(): Promise<LibraryEntry[]>
  /** One file of a package that is installed or whose content is present; verified before it is returned. */
  readFile(id: string, version: string, path: string): Promise<Uint8Array>
  /** An installed package as a zip archive. */
  exportZip(id: string, version: string): Promise<Uint8Array>
  verify(id: string, version: string): Promise<VerifyResult>
  /** Rejects with `NotInstalled`. */
  planUninstall(id: string, version: string): Promise<UninstallPlan>
  /**
   * Removes a package from the library, and its files from this device unless this profile published them or something
   * else uses them. Rejects with `NeededByOthers`, naming the dependents, while installed packages need it; `force`
   * overrides.
   */
  uninstall(id: string, version: string, options?: UninstallOptions): Promise<void>

  peers(): Promise<PeerView[]>
  metrics(): Promise<MetricsView>
  connect(multiaddr: string): Promise<void>
  /** A connected peer; rejects with `PeerUnreachable` when it is not connected. */
  peer(peerId: string): Promise<PeerDetailView>
  /** Pings a connected peer `count` times (5, at most 20), one after the other. */
  ping(peerId: string, count?: number): Promise<PingView>
  /** Closes all connections to a peer, which may connect again. */
  disconnect(peerId: string): Promise<void>
  /** Disconnects a peer and refuses its connections for an hour. */
  ban(peerId: string): Promise<void>
  unban(peerId: string): Promise<void>
  /** All peers that this profile has experience with, best first. */
  reputation(): Promise<ReputationView[]>

  /** Rows after `since` (ms since the epoch); all rows without it. */
  samples(since?: number, options?: SamplesOptions): Promise<SamplesView>
  /** Percentiles of each duration by its metric, since the start. */
  percentiles(): Promise<Record<string, PercentileView>>
  /** The last finished traces, newest first: at most `limit` (500). */
  traces(limit?: number, options?: TracesOptions): Promise<TraceView[]>
  objectives(): Promise<ObjectiveView[]>
  telemetry(): Promise<TelemetryView>
  /** Changes the export of telemetry, and stores the choice in the profile. */
  setTelemetry(options: TelemetryOptions): Promise<TelemetryView>
  /** Checks all connections, and retries relays, peers and sync at once; many calls in a second count as one. */
  wake(reason: WakeReason): Promise<void>
}

/** What the engine's worker exposes to its page: the commands, and each of them within a trace that the page begins. */
export interface TracedCommands extends EngineCommands {
  /**
   * Runs a command whose span takes the ids in `trace` (W3C `traceparent`), so that the page knows where to find it;
   * ignores a malformed one. Arguments, value and failures are those of the command.
   */
  run(trace: unknown, command: Exclude<keyof EngineCommands, 'start'>, ...args: unknown[]): Promise<unknown>
}
