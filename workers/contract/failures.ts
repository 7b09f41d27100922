import { MAX_TEXT_CHARACTERS } from './reason-values.ts'
import { decodeFailureReason, type FailureReason } from './reasons.ts'

/** Every failure that a command can reject with, by name. */
export const failureNames = [
  // Input of people: folders, archives, manifests.
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
  /** The engine does not have this draft, or no longer; open it again with its files. */
  'DraftNotOpen',
  // Data from peers and the disk.
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
  // The registry.
  'VersionExists',
  'PackageNotFound',
  'VersionNotFound',
  'AmbiguousName',
  'DependencyMissing',
  'DependencyConflict',
  'NotInstalled',
  /** Other installed packages stop working without it; `planUninstall` names them, `force` removes it anyway. */
  'NeededByOthers',
  // The network and the machine.
  'ContentUnavailable',
  /** All providers are relayed peers, and a relay carries less than the missing bytes. */
  'TooLargeForRelay',
  'PeerUnreachable',
  'Cancelled',
  'Timeout',
  'StorageUnavailable',
  'QuotaExceeded',
  'ProfileInUse',
  /** The engine ended before the command did. An install resumes at the next start. */
  'Stopped',
  /** The profile runs in a tab with another version of this page, which cannot serve this one. */
  'TabOutdated',
  'Internal',
] as const

export type FailureName = (typeof failureNames)[number]

/** A failure as plain data. `name` is one of `failureNames`, or a name of a later version. */
export interface FailureView {
  name: string
  reason: FailureReason
}

/**
 * A named failure with a reason: a code with values. The words are in `src/text/failures.ts`.
 *
 * Only `name` and `message` of an Error survive the transfer to another thread or tab, so `message` is the reason as
 * JSON, and `toFailure` decodes it.
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

/** True if `error` is the failure `name`, also after it crossed a thread, where its class is lost. */
export const isFailure = (error: unknown, name?: FailureName): error is Error & { name: FailureName } =>
  error instanceof Error &&
  (name === undefined ? (failureNames as readonly string[]).includes(error.name) : error.name === name)

/** Converts any thrown value to a named failure; errors without a documented name become `Internal`. Total. */
export const toFailure = (thrown: unknown): Failure => {
  if (thrown instanceof Failure) return thrown
  if (isFailure(thrown)) return readFailure(thrown)
  if (thrown instanceof Error && thrown.name === 'AbortError') return new Failure('Cancelled', { code: 'cancelled' })
  return new Failure('Internal', {
    code: 'unexpected',
    detail: cut(thrown instanceof Error ? thrown.message : say(thrown)),
  })
}

/** Decodes a failure from its name and message. Total. */
export const readFailure = ({ name, message }: { name: string; message: string }): Failure =>
  new Failure(failureNames.find((each) => each === name) ?? 'Internal', reasonOf(message))

/** The reason in a message; texts of libraries and earlier versions become `described`. */
const reasonOf = (message: string): FailureReason => {
  try {
    const data: unknown = JSON.parse(message)
    if (typeof data === 'object' && data !== null && 'code' in data) return decodeFailureReason(data)
  } catch {
    // Not JSON.
  }
  return { code: 'described', detail: cut(message) }
}

/** Applies the limit that decoded reasons have. */
const cut = (text: string): string => text.slice(0, MAX_TEXT_CHARACTERS)

/** Never throws, even for a value whose conversion to text does. */
const say = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
