/** Reasons of failed commands and notices: the values of each code. The words are in `src/text/failures.ts`. */

export const pathFaults = [
  'empty',
  'backslash',
  'drive',
  'absolute',
  'hidden-character',
  'not-nfc',
  'windows-character',
  'empty-part',
  'dot-part',
  'trailing-dot',
  'reserved-name',
  'too-long',
  'part-too-long',
] as const

export type PathFault = (typeof pathFaults)[number]

/** Why no version can satisfy a dependency, in any resolution. */
export const dependencyProblems = [
  'ambiguous',
  'not-in-catalogue',
  'two-contents',
  'none-installable',
  'no-version-fits',
  'conflict',
] as const

export type DependencyProblem = (typeof dependencyProblems)[number]

/** The service level objectives that a notice can name. */
const objectives = ['search_p95', 'dht_lookup_p95', 'cache_hit_rate', 'install_p95'] as const

export const failureReasons = {
  // General.
  /** A code or value of another version of this program. */
  unknown: {},
  /** A text of an earlier version or of a library. */
  described: { detail: 'text' },
  unexpected: { detail: 'text' },
  cancelled: {},
  /** A record, of a peer or our own, that the protocol does not allow. */
  'record-refused': { detail: 'text' },

  // Arguments of commands.
  'malformed-argument': {
    argument: ['files', 'specs', 'confirmedPrivate', 'leftOut', 'archive', 'telemetry', 'count'],
  },
  'malformed-package-id': { id: 'text' },
  'malformed-spec': { spec: 'text' },
  'malformed-address': { address: 'text' },
  'malformed-peer-id': { peer: 'text' },
  'malformed-name': { name: 'text' },
  'malformed-version': { version: 'text' },
  'not-storable': { detail: 'text' },
  'already-started': {},

  // Archives and checks of packages.
  'archive-file-too-large': { bytes: 'number', limit: 'number' },
  'archive-has-too-many-entries': { entries: 'number', files: 'number' },
  'archive-has-link': { path: 'text' },
  'archive-inflates-too-far': { limit: 'number' },
  'archive-ratio-too-high': { bytes: 'number', ratio: 'number' },
  'archive-unreadable': {
    fault: ['not-zip', 'damaged', 'wrong-size', 'encrypted', 'folder-with-bytes', 'other'],
    path: 'text?',
    detail: 'text?',
  },
  'check-failed': {
    finding: 'reason',
    path: 'text?',
    line: 'number?',
    column: 'number?',
    /** Other files that look private, the first few. */
    alsoPrivate: 'texts',
    morePrivate: 'number',
  },
  unpublishable: {},
  'draft-not-open': {},

  // The catalogue and resolutions.
  'not-in-catalogue': { spec: 'text', namesakes: 'texts', more: 'number' },
  'ambiguous-name': { spec: 'text', dependent: 'text?', candidates: 'texts', more: 'number' },
  'version-not-in-catalogue': { package: 'text', version: 'text' },
  'records-not-here': { package: 'text' },
  'no-peers-to-query': {},
  'version-yanked': { package: 'text', versions: 'texts', others: 'texts', more: 'number' },
  'version-record-not-here': { package: 'text', version: 'text', others: 'texts', more: 'number' },
  'no-version-fits': { package: 'text', range: 'text', others: 'texts', more: 'number', complete: 'flag' },
  'two-contents': { package: 'text', version: 'text' },
  'dependency-missing': {
    dependent: 'text',
    dependency: 'text',
    range: 'text',
    problem: dependencyProblems,
    versions: 'texts',
  },
  /** `by` and `ranges` are pairs; an empty `by` is the person. */
  'dependency-conflict': { package: 'text', by: 'texts', ranges: 'texts', attempts: 'number?' },
  'dependencies-unsolvable': { attempts: 'number?' },

  // Publishing.
  'version-exists': { package: 'text', version: 'text', highest: 'text?' },
  'version-record-lost': { package: 'text', version: 'text' },
  'older-versions-missing': { package: 'text' },
  'not-your-package': { package: 'text' },
  'not-published': { package: 'text' },
  'no-such-version': { package: 'text', version: 'text', versions: 'texts' },
  'unknown-record-kind': {},

  // Installed packages and their content.
  'not-installed': { package: 'text', version: 'text' },
  'needed-by-others': { package: 'text', version: 'text', dependents: 'texts', more: 'number' },
  'files-gone': { package: 'text', version: 'text' },
  'no-such-file': { path: 'text' },
  'file-incomplete': { path: 'text' },
  'file-mismatch': { path: 'text' },
  'content-not-here': { root: 'text' },
  'install-cancelled': {},
  'install-interrupted': {},
  'transfer-id-taken': { transfer: 'text' },

  // Fetching content.
  'fetch-cancelled': {},
  'content-unavailable': { root: 'text', peers: 'number', kept: 'number?', size: 'number?' },
  'content-mismatch': { files: 'number', bytes: 'number', signedFiles: 'number', signedBytes: 'number' },
  'fetched-file-mismatch': { path: 'text' },
  'too-large-for-relay': { missing: 'number', limit: 'number', kept: 'flag' },
  'fetch-without-manifest': {},

  // Peers.
  'network-not-started': {},
  'own-address': {},
  'own-peer': {},
  'peer-not-connected': { peer: 'text' },
  /** This peer needs its relays to be found, and chose them itself. */
  'relay-not-banned': { peer: 'text' },
  'address-unreachable': { address: 'text', detail: 'text' },
  'peer-unreachable': { peer: 'text?', detail: 'text' },
  'peer-timed-out': { peer: 'text?', seconds: 'number?' },
  'peer-left': {},
  'peer-stalled': {},
  'peer-too-slow': {},
  'peer-idle': {},
  'stream-closed': {},
  'node-stopping': {},
  'protocol-violation': { detail: 'text' },
  'message-too-large': { limit: 'number' },
  'too-many-items': { what: ['entries', 'ranges', 'wants'], limit: 'number' },
  'entry-forged': {},
  'too-many-useless-entries': {},
  'exchange-timed-out': {},
  'exchange-cancelled': {},
  'exchange-broke-off': { detail: 'text?' },

  // Storage, and the tabs of a profile.
  'storage-closed': {},
  'storage-deleted': {},
  'storage-upgraded': {},
  'storage-ended-by-browser': {},
  'storage-held-by-tab': {},
  'storage-not-opening': {},
  'storage-refused': {},
  'storage-newer': {},
  'storage-failed': { detail: 'text' },
  'storage-table-missing': { table: 'text' },
  'buffer-transferred': {},
  'memory-full': { limit: 'number' },
  'disk-full': {},
  'keys-damaged': {},
  'identity-revoked': {},
  'keys-replaced': {},
  'records-damaged': { count: 'number' },
  'library-damaged': { count: 'number' },
  'profile-held': { profile: 'text' },
  'profile-taken-over': { profile: 'text' },
  'tab-outdated': { version: 'number' },
  'tab-answer-damaged': {},
  'tab-command-damaged': {},
  'page-insecure': {},
  /** The engine that had the state of a command has ended. */
  'engine-ended': {},
  'engine-restarted': { seconds: 'number' },
  'engine-stuck-twice': {},
  'engine-gave-up': { seconds: 'number' },
  'engine-error': { detail: 'text' },
  /** A service level objective is beyond its alert value; both in its unit (ms, or a ratio). */
  'objective-breached': { objective: objectives, value: 'number', alert: 'number' },
} as const
