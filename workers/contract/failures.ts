import { MAX_TEXT_CHARACTERS } from './reason-values.ts'
import { decodeFailureReason, type FailureReason } from './reasons.ts'

/** Every failure that a command can reject with, by name. */
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

/** A failure as plain data. `name` is one of `failureNames`, or of a later version. */
export interface FailureView {
  name: string
  reason: FailureReason
}

/**
 * A named failure, for the reason of a code with values; its words are in `src/text/failures.ts`.
 *
 * Of an Error only `name` and `message` survive the way to another thread or tab, so `message` is the reason as JSON,
 * and `toFailure` reads it back.
 */
export class Failure extends Error {
  override readonly name: FailureName
  readonly reason: FailureReason

  constructor(name: FailureName, reason: FailureReason) {
    super(JSON.stringify(reason))
    this.name = name
    this.reason = reason
  }
}

/** Tells whether `error` is the failure `name`, also after it crossed a thread (where its class is lost). */
export const isFailure = (error: unknown, name?: FailureName): error is Error & { name: FailureName } =>
  error instanceof Error &&
  (name === undefined ? (failureNames as readonly string[]).includes(error.name) : error.name === name)

/** Any thrown value as a named failure: itself when it has a documented name, else `Internal`. Total. */
export const toFailure = (thrown: unknown): Failure => {
  if (thrown instanceof Failure) return thrown
  if (isFailure(thrown)) return readFailure(thrown)
  if (thrown instanceof Error && thrown.name === 'AbortError') return new Failure('Cancelled', { code: 'cancelled' })
  return new Failure('Internal', {
    code: 'unexpected',
    detail: cut(thrown instanceof Error ? thrown.message : say(thrown)),
  })
}

/** A failure from the name and message that were sent of one. Total. */
export const readFailure = ({ name, message }: { name: string; message: string }): Failure =>
  new Failure(failureNames.find((each) => each === name) ?? 'Internal', reasonOf(message))

/** The reason that a message holds; words of a library, or of an earlier version, are a reason of their own. */
const reasonOf = (message: string): FailureReason => {
  try {
    const data: unknown = JSON.parse(message)
    if (typeof data === 'object' && data !== null && 'code' in data) return decodeFailureReason(data)
  } catch {
    // It is not JSON.
  }
  return { code: 'described', detail: cut(message) }
}

/** As every reason is that came from elsewhere. */
const cut = (text: string): string => text.slice(0, MAX_TEXT_CHARACTERS)

/** Also of a value whose conversion to text throws. */
const say = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
