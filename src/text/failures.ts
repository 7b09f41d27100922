import type { DependencyProblem, failureReasons } from '../../workers/contract/failure-reasons.ts'
import { counts } from './counts.ts'
import { formatBytes, formatDuration } from './format.ts'
import { formatCount, formatDecimal, formatPercent, formatUnit } from './numbers.ts'
import { asSentence, because, inList, quote, type Words } from './words.ts'

/** Command failures in English: the cause, then the remedy. */
export const failureWords: Words<typeof failureReasons> = {
  unknown: () => 'Something went wrong that this version of the page cannot describe. Reload the page.',
  described: (v) => asSentence(v.detail, 'Something went wrong.'),
  unexpected: (v) => `Unexpected error${because(v.detail)}.`,
  cancelled: () => 'Cancelled.',
  'record-refused': (v) => `Invalid record${because(v.detail)}.`,

  'malformed-argument': (v) => argumentRule[v.argument],
  'malformed-package-id': (v) =>
    `${quote(v.id)} is not a package id. An id is a publisher id, a slash and a package name.`,
  'malformed-spec': (v) =>
    `${quote(v.spec)} does not name a package. Use a name such as “hello”, “hello@^1” or “@publisher/hello”.`,
  'malformed-address': (v) =>
    `${quote(v.address)} is not a multiaddr. An example: /ip4/127.0.0.1/tcp/9000/ws/p2p/12D3KooW….`,
  'malformed-peer-id': (v) => `${quote(v.peer, 128)} is not a peer ID. An example: 12D3KooW….`,
  'malformed-name': (v) => `${quote(v.name)} is not a valid package name.`,
  'malformed-version': (v) => `${quote(v.version)} is not a semantic version.`,
  'not-storable': (v) => `This cannot be stored${because(v.detail)}.`,
  'already-started': () => 'The engine is already running.',

  'archive-file-too-large': (v) =>
    `The archive is ${formatBytes(v.bytes)}; the limit is ${formatBytes(v.limit)}. Leave out what the package does not need.`,
  'archive-has-too-many-entries': (v) =>
    `The archive has more than ${formatCount(v.entries)} entries; a package can have at most ${formatCount(v.files)} files.`,
  'archive-has-link': (v) =>
    `${quote(v.path)} in the archive is a link or a device. Packages contain only regular files.`,
  'archive-inflates-too-far': (v) =>
    `The archive unpacks to more than ${formatBytes(v.limit)}, the limit for a package.`,
  'archive-ratio-too-high': (v) =>
    `The archive unpacks to ${formatBytes(v.bytes)}, more than ${formatCount(v.ratio)} times its size. No real package does that.`,
  'archive-unreadable': (v) => {
    const what = v.path === undefined ? 'The archive' : `${quote(v.path)} in the archive`
    if (v.fault === 'other') return `${what} cannot be read${because(v.detail)}. Create the archive again.`
    return `${what} cannot be read: ${archiveFault[v.fault]}. Create the archive again.`
  },
  'check-failed': (v, say) => {
    const where =
      v.line === undefined ? '' : ` See ${v.path ?? 'the manifest'}, line ${v.line}, column ${v.column ?? 1}.`
    return `${say(v.finding)}${where}${isPrivate(v.finding) ? alsoPrivate(v.alsoPrivate, v.morePrivate) : ''}`
  },
  unpublishable: () => 'This package did not pass its checks.',
  'draft-not-open': () => 'This draft is no longer open. Choose its files again.',

  'not-in-catalogue': (v) =>
    v.namesakes.length === 0
      ? `No package named ${quote(v.spec)} in this browser’s catalogue. It may appear when more peers connect.`
      : `No package named ${quote(v.spec)} in this browser’s catalogue. Did you mean ${inList(v.namesakes, v.more)}?`,
  'ambiguous-name': (v) => {
    const what =
      v.dependent === undefined ? `${quote(v.spec)} could be` : `${v.dependent} needs ${quote(v.spec)}, which could be`
    return `${what} a package from any of several publishers: ${inList(v.candidates, v.more)}. Use one of these full names.`
  },
  'version-not-in-catalogue': (v) => `Version ${v.version} of ${v.package} is not in the catalogue.`,
  'records-not-here': (v) => `The records of ${v.package} have not arrived yet. Try again in a moment.`,
  'no-peers-to-query': () => 'No connected peers to query. Wait for a connection and try again.',
  'version-yanked': (v) =>
    `${v.package} ${inList(v.versions)} was yanked by its publisher, so it cannot be newly installed. ${otherVersions(v)}`,
  'version-record-not-here': (v) =>
    `The record of ${v.package} ${v.version} has not arrived yet. Try again in a moment. ${otherVersions(v)}`,
  'no-version-fits': (v) =>
    `No version of ${v.package} matches ${v.range}. ${otherVersions(v)}${v.complete ? '' : ' Some older versions are missing from this browser’s catalogue.'}`,
  'two-contents': (v) =>
    `The publisher of ${v.package} signed version ${v.version} with two different contents. Ask the publisher which one is right; until then it cannot be installed.`,
  'dependency-missing': (v) =>
    `${v.dependent} needs ${quote(v.dependency)} (${v.range}), but ${dependencyProblem(v.problem, v.versions)}. It may be published later, or you can install without it.`,
  'dependency-conflict': (v) => {
    const wants = v.by.map((by, at) =>
      by === '' ? `you ask for ${v.ranges[at] ?? '*'}` : `${by} needs ${v.ranges[at] ?? '*'}`,
    )
    return `No version of ${v.package} satisfies every requirement: ${inList(wants)}.${afterAttempts(v.attempts)}`
  },
  'dependencies-unsolvable': (v) =>
    `The dependencies of these packages cannot all be satisfied.${afterAttempts(v.attempts)}`,

  'version-exists': (v) =>
    `${v.package} ${v.version} was already published with different content, and a published version cannot change.${v.highest === undefined ? '' : ` Choose a version after ${v.highest}.`}`,
  'version-record-lost': (v) =>
    `${v.package} ${v.version} was already published, and this browser no longer has its record to compare. Publish a new version.`,
  'older-versions-missing': (v) =>
    `This browser is missing some older versions of ${v.package}, and publishing now would drop them. Connect to a peer that has them, then try again.`,
  'not-your-package': (v) => `${v.package} belongs to another publisher. Only its publisher can yank it.`,
  'not-published': (v) => `You have not published a package named ${v.package}.`,
  'no-such-version': (v) => `${v.package} has no version ${v.version}. Its versions: ${inList(v.versions)}.`,
  'unknown-record-kind': () => 'A record of an unknown kind cannot be published.',

  'not-installed': (v) => `${v.package} ${v.version} is not installed.`,
  'needed-by-others': (v) => {
    const isOne = v.dependents.length + v.more === 1
    return `${inList(v.dependents, v.more)} ${isOne ? 'needs' : 'need'} ${v.package} ${v.version} and would stop working. Nothing was removed. Remove ${isOne ? 'it' : 'them'} first, or force the removal.`
  },
  'files-gone': (v) => `The files of ${v.package} ${v.version} are no longer on this device. Install it again.`,
  'no-such-file': (v) => `There is no file ${quote(v.path)} in this package.`,
  'file-incomplete': (v) => `Part of ${quote(v.path)} is missing on this device. Install the package again.`,
  'file-mismatch': (v) =>
    `The file ${quote(v.path)} does not match its publisher’s manifest. Install the package again.`,
  'content-not-here': () => 'The files of this package are not on this device. Install it first.',
  'install-cancelled': () => 'Install cancelled. Downloaded pieces are kept.',
  'install-interrupted': () => 'The page closed before the install finished. It resumes when you open the page again.',
  'transfer-id-taken': (v) => `Transfer ${quote(v.transfer)} is already running for other packages.`,

  'fetch-cancelled': () => 'Transfer cancelled. Downloaded pieces are kept.',
  'content-unavailable': (v) => {
    const who =
      v.peers === 0
        ? 'No peer with this content was found.'
        : `None of the ${counts.peers(v.peers)} found has the rest of this content.`
    const kept =
      v.kept === undefined || v.size === undefined
        ? 'Nothing was downloaded. Try again when more peers are online.'
        : `${formatCount(v.kept)} of ${formatCount(v.size)} bytes are kept, and the next attempt resumes from there.`
    return `${who} ${kept}`
  },
  'content-mismatch': (v) =>
    `The signed release says ${counts.files(v.signedFiles)} of ${formatCount(v.signedBytes)} bytes; the content has ${formatCount(v.files)} of ${formatCount(v.bytes)}. It was not installed. Tell its publisher.`,
  'fetched-file-mismatch': (v) =>
    `The file ${quote(v.path)} does not match its publisher’s manifest. It was discarded. Tell its publisher.`,
  'too-large-for-relay': (v) =>
    `${megabytesUp(v.missing)} MB are missing, and the peers that have them are only reachable through a relay, which carries at most ${megabytesUp(v.limit)} MB of a package. Try a network that allows direct connections; a VPN or an extension may be blocking WebRTC.${v.kept ? ' Downloaded pieces are kept.' : ''}`,
  'fetch-without-manifest': () => 'The transfer ended without a manifest. Try again.',

  'network-not-started': () => 'This browser could not join the network. Reload the page.',
  'own-address': () => 'That is this tab’s own address.',
  'own-peer': () => 'That is this tab’s own peer ID.',
  'peer-not-connected': (v) => `This tab is not connected to peer ${quote(v.peer)}.`,
  'relay-not-banned': () =>
    'A relay cannot be banned: other peers find this tab through it. Remove it from the address instead.',
  'address-unreachable': (v) => `No answer from ${quote(v.address, 200)}${because(v.detail)}.`,
  'peer-unreachable': (v) => `${peerName(v.peer)} cannot be reached${because(v.detail)}.`,
  'peer-timed-out': (v) =>
    `${peerName(v.peer)} could not be reached ${v.seconds === undefined ? 'in time' : `within ${formatUnit(v.seconds, 'second')}`}.`,
  'peer-left': () => 'The peer closed the stream or left.',
  'peer-stalled': () => 'The peer stopped sending.',
  'peer-too-slow': () => 'The peer is sending too slowly.',
  'peer-idle': () => 'The peer was idle for too long.',
  'stream-closed': () => 'The stream was closed.',
  'node-stopping': () => 'This peer is stopping.',
  'protocol-violation': (v) => `The peer broke the protocol${because(v.detail)}.`,
  'message-too-large': (v) => `The peer sent a message of more than ${formatCount(v.limit)} bytes.`,
  'too-many-items': (v) =>
    v.what === 'wants'
      ? `The peer requested more than ${formatCount(v.limit)} entries at once.`
      : `The peer sent more than ${formatCount(v.limit)} ${v.what} at once.`,
  'entry-forged': () => 'The peer sent a catalogue entry with a forged signature.',
  'too-many-useless-entries': () => 'The peer sent too many catalogue entries that cannot be used here.',
  'exchange-timed-out': () => 'The peer did not answer in time.',
  'exchange-cancelled': () => 'The exchange with the peer was cancelled.',
  'exchange-broke-off': (v) => `The exchange with the peer broke off${because(v.detail)}.`,

  'storage-closed': () => 'The storage of this profile is closed. Reload the page.',
  'storage-deleted': () => 'The stored data of this profile was deleted while it was open. Reload the page.',
  'storage-upgraded': () => 'Another tab opened this profile with a newer version of the page. Reload the page.',
  'storage-ended-by-browser': () => 'The browser closed the storage of this profile. Reload the page.',
  'storage-held-by-tab': () =>
    'Another tab keeps an older version of the stored data open. Close the other tabs of this page and reload.',
  'storage-not-opening': () => 'The browser did not open the stored data. Reload the page, or restart the browser.',
  'storage-refused': () =>
    'This browser does not let the page store data. Open it in a normal window, or allow site data.',
  'storage-newer': () => 'A newer version of this page wrote the stored data. Reload the page to get that version.',
  'storage-failed': (v) => `The browser’s storage failed${because(v.detail)}.`,
  'storage-table-missing': (v) => `The storage has no table ${quote(v.table)}.`,
  'buffer-transferred': () => 'The data to be stored is gone: its buffer was transferred.',
  'memory-full': (v) =>
    `This browser refuses permanent storage, and memory holds at most ${formatCount(Math.floor(v.limit / 2 ** 20))} MiB. Remove a package, or allow the page to store data.`,
  'disk-full': () =>
    'This device has no space left for this page. Remove packages you no longer need, or free disk space.',
  'keys-damaged': () =>
    'The keys of this profile are damaged in the browser’s storage. They were not changed. Open another profile with ?peer=NAME.',
  'identity-revoked': () => 'This publisher has revoked its identity, so nothing can be signed for it.',
  'keys-replaced': () => 'Another device of this publisher replaced the keys of this one. Publish from that device.',
  'records-damaged': (v) =>
    `${counts.records(v.count)} of the catalogue on this device ${v.count === 1 ? 'was' : 'were'} damaged and removed. Connected peers will send what they have again.`,
  'library-damaged': (v) =>
    `${counts.entries(v.count)} of your library cannot be read because the browser’s storage is damaged. Install what is missing again.`,
  'profile-held': (v) =>
    `The profile ${quote(v.profile)} is open in another tab, which is not responding. Close that tab, or open another profile with ?peer=NAME.`,
  'profile-taken-over': (v) => `Another tab took over the profile ${quote(v.profile)}. Reload this page.`,
  'tab-outdated': (v) =>
    `Another tab of this profile runs another version of this page (${v.version}). Reload both tabs.`,
  'tab-answer-damaged': () => 'The tab that runs this profile sent a damaged answer. Try again.',
  'tab-command-damaged': () => 'The command did not reach the tab that runs this profile in full. Reload this page.',
  'page-insecure': () => 'This page needs a secure address: one that starts with https, or localhost.',
  'engine-ended': () => 'The part of this page that connects to peers was replaced during this command. Try again.',
  'engine-restarted': (v) =>
    `The part of this page that connects to peers did not answer for ${formatUnit(v.seconds, 'second')}, so it was restarted. Running commands continue, and nothing stored was lost.`,
  'engine-stuck-twice': () =>
    'The part of this page that connects to peers stopped answering twice during this command, so it was not tried again. Nothing stored was lost.',
  'engine-gave-up': (v) =>
    `It did not answer for ${formatUnit(v.seconds, 'second')} several times in a row, and was not restarted. Reload the page.`,
  'engine-error': (v) =>
    `The page’s engine hit an error${because(v.detail)}. If something stops working, reload the page.`,
  'objective-breached': (v) => breachWords[v.objective](v.value, v.alert),
}

/** Why no version of a dependency can be chosen, as the end of a sentence. */
export const dependencyProblem = (problem: DependencyProblem, versions: readonly string[]): string => {
  switch (problem) {
    case 'ambiguous':
      return 'several publishers have a package with that name'
    case 'not-in-catalogue':
      return 'it is not in the catalogue'
    case 'two-contents':
      return 'its publisher signed the matching version with two different contents'
    case 'none-installable':
      return 'none of its versions can be installed'
    case 'no-version-fits':
      return `no version matches; available: ${inList(versions)}`
    case 'conflict':
      return 'it conflicts with other dependencies'
  }
}

const breachWords = {
  search_p95: (value: number, alert: number) => slow('Searches are', value, alert),
  dht_lookup_p95: (value: number, alert: number) => slow('DHT lookups are', value, alert),
  cache_hit_rate: (value: number, alert: number) =>
    `The cache answered only ${formatPercent(value)} of the requests in the last hour; at least ${formatPercent(alert)} is expected. The Network page shows its tiers.`,
  install_p95: (value: number, alert: number) => slow('Installs are', value, alert),
}

const slow = (what: string, value: number, alert: number): string =>
  `${what} slow: in the last hour, 5% took ${formatDuration(value)} or longer; at most ${formatDuration(alert)} is expected. The Network page lists them.`

const argumentRule = {
  files: 'Files must be a list of { path: string, bytes: Uint8Array }.',
  specs: 'Packages must be a list of strings, such as ["name", "@publisher/name@^1"].',
  confirmedPrivate: 'Confirmed private files must be a list of paths, such as ["certs/test.pem"].',
  leftOut: 'Files left out must be a list of { name, reason, files }, as a check returns it.',
  archive: 'An archive must be a Uint8Array.',
  telemetry: 'Telemetry options must be { export: boolean, ratio?: number from 0 to 1 }.',
  count: 'The number of pings must be a whole number from 1 to 20.',
}

const archiveFault = {
  'not-zip': 'it is not a zip archive, or its end is missing',
  damaged: 'it is damaged',
  'wrong-size': 'it does not unpack to its declared size',
  encrypted: 'it is encrypted',
  'folder-with-bytes': 'it is a folder that contains data',
}

const isPrivate = ({ code }: { code: string }): boolean => code === 'private-file'

const alsoPrivate = (paths: readonly string[], more: number): string => {
  const others =
    paths.length === 0
      ? ''
      : ` So ${paths.length + more === 1 ? 'does' : 'do'} ${inList(
          paths.map((path) => quote(path, 200)),
          more,
        )}.`
  return `${others} Everyone can read what is published, and it cannot be deleted. Leave such files out, or name their paths in the option confirmedPrivate. Nothing was signed.`
}

const otherVersions = ({ others, more }: { others: readonly string[]; more: number }): string =>
  others.length === 0 ? 'There are no other versions.' : `Available: ${inList(others, more)}.`

const afterAttempts = (attempts: number | undefined): string =>
  attempts === undefined ? '' : ` No solution was found in ${formatCount(attempts)} attempts; ask for exact versions.`

const peerName = (peer: string | undefined): string => (peer === undefined ? 'The peer' : `The peer …${peer}`)

/** Rounds up, so that missing bytes never appear to be below the relay limit. */
const megabytesUp = (bytes: number): string => formatDecimal(Math.ceil(bytes / 100_000) / 10)
