import type {
  damageReasons,
  healthReasons,
  stepReasons,
  warningReasons,
} from '../../workers/contract/status-reasons.ts'
import { counts } from './counts.ts'
import { dependencyProblem } from './failures.ts'
import { formatDuration } from './format.ts'
import { formatCount } from './numbers.ts'
import { because, quote, type Words } from './words.ts'

/** Reasons for the state of a connection step, in English. */
export const stepWords: Words<typeof stepReasons> = {
  'node-starting': () => 'The peer-to-peer node is starting.',
  'node-not-started': (v) => `The peer-to-peer node could not be started${because(v.detail)}.`,
  'engine-restarting': () => 'Restarting.',
  'after-failure': (v, say) => say(v.reason),

  'relay-waiting': () => 'Waiting for the relay.',
  'relay-connecting': (v) => `Connecting to the relay at ${v.relay}.`,
  'relay-lost': (v) => `Lost the connection to the relay at ${v.relay}; reconnecting.`,
  'relay-silent': (v) => `The relay at ${v.relay} does not answer. Retrying.`,
  'relay-key-changed': (v) => `The relay at ${v.relay} does not have the key in its address. Retrying.`,
  'relay-not-allowed': (v) =>
    `The address of the relay at ${v.relay} is not allowed: it is insecure and not on this machine.`,
  'relay-malformed': (v) => `${quote(v.address, 200)} is not a relay address: it has no peer ID.`,
  'no-relay-configured': () => 'No relay is configured, so no other peer can be found.',
  'reservation-asked': (v) => `Requesting a reservation from the relay at ${v.relay}.`,
  'reservation-full': (v) => `The relay at ${v.relay} is full.`,
  'reservation-not-a-relay': (v) => `The peer at ${v.relay} is not a relay.`,
  'reservation-failed': (v) => `The relay at ${v.relay} refused a reservation${because(v.detail)}.`,

  'no-webrtc': () => 'This browser has no WebRTC, so it reaches other peers only through relays.',
  'peers-connecting': (v) => `Connecting to ${counts.peers(v.count)}.`,
  'peers-through-relay': () => 'Other peers are online, but so far only reachable through a relay.',
  'no-relay-to-find-peers': () => 'No connected relay to find peers through.',
  'no-peers-here': () => 'No other peers are online yet.',
  'webrtc-connections-scarce': () =>
    'This tab has nearly used up the WebRTC connections that the browser allows. Close the tab and open the page again to free them.',
  'webrtc-connections-refused': () =>
    'This browser refuses more WebRTC connections. Close the tab and open the page again to free them.',
  'relay-does-not-reach-peers': () =>
    'Other peers were found, but the relay cannot reach them. They may have just left.',
  'direct-path-timed-out': () => 'Other peers were found, but direct connections to them timed out.',
  'direct-path-failed': () => 'Other peers were found, but direct connections to them failed.',

  'topic-joining': () => 'Joining the gossip mesh.',
  'topic-no-subscribers': () => 'No connected peer forwards package announcements yet.',
  'topic-no-peers': () => 'Waiting for a peer: package announcements come from connected peers.',

  'catalogue-empty-everywhere': () => 'Connected peers have no packages either.',
  'catalogue-fetching': () => 'No packages known yet. Fetching the catalogues of connected peers.',
  'catalogue-no-peers': () => 'No packages known yet, and no connected peers to fetch a catalogue from.',
}

/** Reasons for an unhealthy connection. */
export const healthWords: Words<typeof healthReasons> = {
  'pings-lost': (v) => (v.count === 1 ? 'No answer to the last ping.' : `No answer to ${formatCount(v.count)} pings.`),
  'requests-failed': (v) => `The last ${counts.requests(v.count)} failed.`,
  'slow-round-trip': (v) => `Slow: ${formatDuration(v.ms)} for a round trip.`,
}

export const warningWords: Words<typeof warningReasons> = {
  'published-before': (v) => `${v.package} ${v.version} was already published with the same content; nothing changed.`,
  'published-and-yanked': (v) =>
    `${v.package} ${v.version} is yanked and stays yanked. Publish a new version to offer it again.`,
  'version-lower': (v) => `${v.version} is lower than ${v.highest}, which is already published.`,
  'optional-left-out': (v) =>
    `${quote(v.dependency)} (${v.range}), optional for ${v.dependent}, is left out: ${dependencyProblem(v.problem, v.versions)}.`,
  'required-skipped': (v) =>
    `${quote(v.dependency)} (${v.range}), which ${v.dependent} needs, is skipped: ${dependencyProblem(v.problem, v.versions)}.`,
  'yanked-chosen': (v) => `${v.package} ${v.version} was yanked by its publisher.`,
  'publisher-disputed': (v) => `The publisher of ${v.package} ${v.version} has two conflicting identities.`,
  'publisher-contested': (v) =>
    `The publisher of ${v.package} ${v.version} signed two different lists of its versions.`,
  'passed-over-two-contents': (v) =>
    `${v.package} ${v.version} is skipped: its publisher signed two different contents for it.`,
  'passed-over-missing': (v) =>
    `${v.package} ${v.version} is skipped: it needs ${quote(v.dependency)}, and ${dependencyProblem(v.problem, v.versions)}.`,
}

/** Damage of a file of an installed package. */
export const damageWords: Words<typeof damageReasons> = {
  'bytes-differ': () => 'Its bytes do not match the manifest.',
  'part-missing': () => 'Part of it is missing or damaged.',
}
