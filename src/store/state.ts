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

/** Everything that the page shows. Changed only by `apply-updates.ts` and by the commands, never in place. */
export interface State {
  engine: EngineState
  status: StatusView | undefined
  catalogue: { revision: number; size: number }
  libraryRevision: number
  library: Asked<readonly LibraryEntry[]>
  peers: readonly PeerView[] | undefined
  /** Undefined until a package or file was read. */
  cache: CacheView | undefined
  search: SearchState
  packageById: Readonly<Record<string, Asked<PackageView>>>
  transferById: Readonly<Record<string, TransferView>>
  /** Publications of this visit; the key is `<package id>@<version>`. */
  publicationByKey: Readonly<Record<string, PublicationView>>
  draft: Draft | undefined
  notices: readonly Notice[]
  theme: Theme
}

export type EngineState = { phase: 'starting' } | { phase: 'ready' } | { phase: 'failed'; failure: FailureView }

/** Something that was asked of the engine. An older value stays while it is asked for again. */
export interface Asked<T> {
  busy: boolean
  value?: T
  failure?: FailureView
  /** The engine has said since that the value may be another one now. */
  stale?: true
}

export interface SearchState {
  /** What the person looks for now; undefined until the browse page was open. */
  wanted: BrowseQuery | undefined
  /** What `result` and `pages` answer. */
  answered: BrowseQuery | undefined
  result: Pick<SearchResult, 'total' | 'tookMs' | 'facets'> | undefined
  /** Hits by page of `PAGE_HITS`; pages that were never looked at are absent. */
  pages: Readonly<Record<number, readonly PackageSummary[]>>
  /** Other peers who are asked, or were asked, for what is wanted; undefined where they were not. */
  peers: 'asking' | { asked: number; answered: number } | undefined
  failure?: FailureView
}

/** Hits asked for at once: two screens of a desktop; the engine gives at most 100. */
export const PAGE_HITS = 50

/** A package on its way to being published. */
export type Draft =
  | { stage: 'reading'; source: string }
  /** Not read at all: too large, too many files, no archive. */
  | { stage: 'refused'; source: string; findings: readonly Finding[] }
  | OpenDraft
  | { stage: 'published'; result: PublishResult }

export interface OpenDraft {
  stage: 'open'
  /** What the person picked, by name. */
  source: string
  folder: string | undefined
  files: readonly FileInput[]
  leftOut: readonly LeftOut[]
  /** Paths of private files that the person wants published all the same. */
  confirmed: readonly string[]
  /** What the person typed over the manifest. */
  typed: Partial<ManifestFields>
  /** The last check; while `checking` it may be of what was typed before. */
  check: PackageCheck | undefined
  /** What signing would give, known when the check has no errors. */
  dryRun: PublishResult | undefined
  checking: boolean
  publishing: boolean
  failure?: FailureView
}

export interface Notice {
  id: string
  level: 'info' | 'success' | 'warning' | 'error'
  message: string
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
