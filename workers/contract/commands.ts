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

/** What the page hands to the worker once, before any other command. */
export interface StartOptions {
  profile: string
  /** Relay multiaddrs from `?relay=`; empty means: those that the page's server names, or those remembered. */
  relays: string[]
  /** ICE servers for WebRTC; empty means host candidates only. */
  iceServers: { urls: string | string[]; username?: string; credential?: string }[]
  /** Transferred: the engine posts an `UpdateBatch` a tick to it. */
  updates: MessagePort
  /** Transferred: the way to the page's RTCPeerConnections; undefined where the browser has no WebRTC. */
  rtc: MessagePort | undefined
  /** False forces message passing instead of transferring data channels (tests, and browsers that refuse). */
  transferChannels: boolean
  /** Rooms whose logs are written to the console (`?debug=room,room`, `*` for all); absent: none. */
  debug?: string
  /** That this page leads the tabs of its profile, under this id, taken (`stolen`) from a frozen one; absent: no other tab is served. */
  leadership?: Leadership
}

/**
 * `leader` is the id of this leadership. `stolen`: the holder of the profile does not answer, and
 * loses it. `restarted`: the holder was an engine of the same page.
 */
export interface Leadership {
  leader: string
  stolen: boolean
  restarted?: boolean
}

/** Why the engine should look after its connections now: the network is back, the page is seen, the machine went on. */
export type WakeReason = 'online' | 'visible' | 'resume'

/**
 * The commands of the engine. Each resolves with a value or rejects with an Error whose `name` is one of
 * `failureNames`. Commands other than `start` wait until the engine is up.
 */
export interface EngineCommands {
  /** Opens storage and keys and starts the node; resolves when commands work, which is before any peer is connected. */
  start(options: StartOptions): Promise<void>
  /** Stops the node and closes storage. */
  stop(): Promise<void>
  /** Writes what may wait: the page is hidden, or is going, and its worker may end without another word. */
  flush(): Promise<void>
  status(): Promise<StatusView>

  /** Reads files as a package and says what is found; never rejects for what the files contain. */
  check(files: FileInput[], options?: PublishOptions): Promise<PackageCheck>
  /**
   * The files of a zip archive, checked for size, links and unsafe paths before they are inflated. Where all of them
   * stand in one top folder, that folder is taken off and named. What never belongs to a package is left out, as it is
   * when the folder itself is chosen.
   */
  readArchive(archive: Uint8Array): Promise<{ folder?: string; files: FileInput[]; leftOut: LeftOut[] }>
  /**
   * Checks, signs and stores a release; resolves when it is durable here. Sending it out follows as updates. Rejects with
   * the first error that `check` finds, a dry run too: with `PrivateFile` while files look private that
   * `confirmedPrivate` does not name.
   */
  publish(files: FileInput[], options?: PublishOptions): Promise<PublishResult>
  /**
   * Keeps files as a draft and checks them; the changes of a draft come after without its files. A draft ends by
   * `closeDraft`, with the tab that opened it or with the engine, and may be closed when there are too many: every other
   * command about it then rejects with `DraftNotOpen`, and it is opened again with what it should hold.
   */
  openDraft(files: FileInput[], options?: DraftOptions): Promise<OpenedDraft>
  /** Changes a draft and checks it as `check` does. */
  changeDraft(id: string, change: DraftChange): Promise<PackageCheck>
  /** Changes a draft and publishes it as `publish` does; what did not change since the last time is not hashed again. */
  publishDraft(id: string, options?: DraftChange & Pick<PublishOptions, 'dryRun'>): Promise<PublishResult>
  closeDraft(id: string): Promise<void>
  /** Hides a version of an own package from new resolves. */
  yank(id: string, version: string): Promise<void>

  search(query: SearchQuery): Promise<SearchResult>
  /** Everything the package page shows, as it is known here; rejects with `PackageNotFound`. */
  describe(id: string): Promise<PackageView>
  /**
   * Brings what `describe` can then show: the files of a small package, and how many peers provide it. Resolves when both
   * are known or given up, within seconds; rejects with `PackageNotFound`.
   */
  preview(id: string): Promise<void>
  /** The head record of a package: from the tiers of the cache or the catalogue, else from the DHT or connected peers. */
  lookup(id: string): Promise<LookupResult>

  resolve(specs: string[]): Promise<{ packages: ResolvedPackage[] }>
  planInstall(specs: string[], options?: InstallOptions): Promise<InstallPlan>
  install(specs: string[], options?: InstallOptions): Promise<InstallResult>
  /**
   * Stops a transfer; what was verified so far is kept for a later try. By the id of a remote search it ends asking peers.
   */
  cancel(id: string): Promise<void>

  library(): Promise<LibraryEntry[]>
  /** One file of an installed package, or of one whose content is here; verified before it is returned. */
  readFile(id: string, version: string, path: string): Promise<Uint8Array>
  /** An installed package as a zip archive. */
  exportZip(id: string, version: string): Promise<Uint8Array>
  verify(id: string, version: string): Promise<VerifyResult>
  /** Rejects with `NotInstalled`. */
  planUninstall(id: string, version: string): Promise<UninstallPlan>
  /**
   * Takes a package out of the library, and its files from this device unless they were published here or something
   * else uses them. Rejects with `NeededByOthers`, naming them, while installed packages need it; `force` overrules.
   */
  uninstall(id: string, version: string, options?: UninstallOptions): Promise<void>

  peers(): Promise<PeerView[]>
  metrics(): Promise<MetricsView>
  connect(multiaddr: string): Promise<void>
  /** Checks all connections, and tries relays, peers and catalogues at once; many in a second count as one. */
  wake(reason: WakeReason): Promise<void>
}
