import type { FailureView } from '../../workers/contract/failures.ts'
import type {
  CacheView,
  FileInput,
  Finding,
  LeftOut,
  LibraryEntry,
  ManifestFields,
  PackageCheck,
  PackageSummary,
  PackageView,
  PeerView,
  PublicationView,
  PublishResult,
  SearchResult,
  StatusView,
  TransferView,
} from '../../workers/contract/views.ts'
import type { Theme } from '../lib/theme.ts'
import type { BrowseQuery } from '../routes.ts'

/** State of the page. Replaced only by `apply-updates.ts` and the commands, never mutated. */
export interface State {
  engine: EngineState
  status: StatusView | undefined
  catalogue: { revision: number; size: number }
  libraryRevision: number
  library: Requested<readonly LibraryEntry[]>
  peers: readonly PeerView[] | undefined
  /** Undefined until the first read of a package or file. */
  cache: CacheView | undefined
  search: SearchState
  packageById: Readonly<Record<string, Requested<PackageView>>>
  transferById: Readonly<Record<string, TransferView>>
  /** Publications of this visit; the key is `<package id>@<version>`. */
  publicationByKey: Readonly<Record<string, PublicationView>>
  draft: Draft | undefined
  notices: readonly Notice[]
  theme: Theme
}

export type EngineState = { phase: 'starting' } | { phase: 'ready' } | { phase: 'failed'; failure: FailureView }

/** A value requested from the engine. An older value stays during a new request. */
export interface Requested<T> {
  busy: boolean
  value?: T
  failure?: FailureView
  /** The engine has reported a change since. */
  stale?: true
}

export interface SearchState {
  /** The current query; undefined until the browse page is opened. */
  wanted: BrowseQuery | undefined
  /** The query that `result` and `pages` answer. */
  answered: BrowseQuery | undefined
  result: Pick<SearchResult, 'total' | 'tookMs' | 'facets'> | undefined
  /** Hits by page of `PAGE_HITS`; pages that were not loaded are absent. */
  pages: Readonly<Record<number, readonly PackageSummary[]>>
  /** State of the remote query for `wanted`; undefined without one. */
  peers: 'asking' | { asked: number; answered: number } | undefined
  failure?: FailureView
}

/** Hits per page: two desktop screens; the engine returns at most 100. */
export const PAGE_HITS = 50

/** A package being prepared for publication. */
export type Draft =
  | { stage: 'reading'; source: string }
  /** Not read: too large, too many files, or not an archive. */
  | { stage: 'refused'; source: string; findings: readonly Finding[] }
  | OpenDraft
  | { stage: 'published'; result: PublishResult }

export interface OpenDraft {
  stage: 'open'
  /** Name of the chosen folder or archive. */
  source: string
  folder: string | undefined
  files: readonly FileInput[]
  leftOut: readonly LeftOut[]
  /** Paths of private files that the user confirmed for publication. */
  confirmed: readonly string[]
  /** Manifest fields that the user overrode. */
  typed: Partial<ManifestFields>
  /** The last check; may be outdated while `checking`. */
  check: PackageCheck | undefined
  /** Result of a dry run; undefined while the check has errors. */
  dryRun: PublishResult | undefined
  checking: boolean
  publishing: boolean
  failure?: FailureView
}

export interface Notice {
  id: string
  level: 'info' | 'success' | 'warning' | 'error'
  message: string
  /** The page that tells more. */
  page?: 'network'
}

export const initialState = (theme: Theme): State => ({
  engine: { phase: 'starting' },
  status: undefined,
  catalogue: { revision: 0, size: 0 },
  libraryRevision: 0,
  library: { busy: false },
  peers: undefined,
  cache: undefined,
  search: { wanted: undefined, answered: undefined, result: undefined, pages: {}, peers: undefined },
  packageById: {},
  transferById: {},
  publicationByKey: {},
  draft: undefined,
  notices: [],
  theme,
})
