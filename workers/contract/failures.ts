/**
 * Every failure that a command can reject with, by name.
 *
 * Only `name` and `message` of an Error survive the way from the worker to the page, so a failure is told apart by its
 * name, and its message is a whole sentence that a person can act on.
 */
export const failureNames = [
  // What a person hands in: a folder, an archive, a manifest.
  'ManifestMissing',
  'ManifestUnreadable',
  'NameMissing',
  'NameInvalid',
  'VersionMissing',
  'VersionInvalid',
  'PackageEmpty',
  'TooManyFiles',
  'PackageTooLarge',
  'PathUnsafe',
  'PathCollision',
  'LinkRefused',
  'ArchiveUnreadable',
  'ArchiveTooLarge',
  'InvalidArgument',
  /** A file looks private and was not confirmed, one by one, in `PublishOptions.confirmedPrivate`. */
  'PrivateFile',
  /** The engine does not keep this draft, or not any more: it is opened again with its files. */
  'DraftNotOpen',
  // What a peer, or the disk, hands in.
  'RecordMalformed',
  'RecordTooLarge',
  'RecordUnsupported',
  'SignatureInvalid',
  'IdentityInvalid',
  'Rollback',
  'EntriesRefused',
  'Equivocation',
  'PieceInvalid',
  'FileInvalid',
  // What the registry answers.
  'VersionExists',
  'PackageNotFound',
  'VersionNotFound',
  'AmbiguousName',
  'DependencyMissing',
  'DependencyConflict',
  'NotInstalled',
  /** Other installed packages stop working without it; `planUninstall` names them, `force` removes it all the same. */
  'NeededByOthers',
  // What the network and the machine do.
  'ContentUnavailable',
  /** Peers that hold it are reached through a relay only, which carries less than what is missing. */
  'TooLargeForRelay',
  'PeerUnreachable',
  'Cancelled',
  'Timeout',
  'StorageUnavailable',
  'QuotaExceeded',
  'ProfileInUse',
  /** The engine ended before the command did. An install resumes at the next start. */
  'Stopped',
  /** The profile runs in a tab with another version of this page, which this one cannot work through. */
  'TabOutdated',
  'Internal',
] as const

export type FailureName = (typeof failureNames)[number]

/** A named failure. `message` is for people; code looks at `name` only. */
export class Failure extends Error {
  override readonly name: FailureName

  constructor(name: FailureName, message: string) {
    super(message)
    this.name = name
  }
}

/** Tells whether `error` is the failure `name`, also after it crossed a thread (where its class is lost). */
export const isFailure = (error: unknown, name?: FailureName): error is Error & { name: FailureName } =>
  error instanceof Error &&
  (name === undefined ? (failureNames as readonly string[]).includes(error.name) : error.name === name)

/** Any thrown value as a named failure: itself when it has a documented name, else `Internal` with its message. */
export const toFailure = (thrown: unknown): Failure => {
  if (thrown instanceof Failure) return thrown
  if (isFailure(thrown)) return new Failure(thrown.name, thrown.message)
  if (thrown instanceof Error && thrown.name === 'AbortError') return new Failure('Cancelled', 'It was cancelled.')
  return new Failure('Internal', thrown instanceof Error ? thrown.message : String(thrown))
}
