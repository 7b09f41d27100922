import { dependencyProblems } from './failure-reasons.ts'

/** Reasons for the state of a step towards being a full peer: the values of each code. */
export const stepReasons = {
  'node-starting': {},
  'node-not-started': { detail: 'text' },
  'engine-restarting': {},
  /** A command or a sync exchange failed with this reason. */
  'after-failure': { name: 'text', reason: 'reason' },

  'relay-waiting': {},
  'relay-connecting': { relay: 'text' },
  'relay-lost': { relay: 'text' },
  'relay-silent': { relay: 'text' },
  'relay-key-changed': { relay: 'text' },
  'relay-not-allowed': { relay: 'text' },
  'relay-malformed': { address: 'text' },
  'no-relay-configured': {},
  'reservation-asked': { relay: 'text' },
  'reservation-full': { relay: 'text' },
  'reservation-not-a-relay': { relay: 'text' },
  'reservation-failed': { relay: 'text', detail: 'text' },

  'no-webrtc': {},
  'peers-connecting': { count: 'number' },
  'peers-through-relay': {},
  'no-relay-to-find-peers': {},
  'no-peers-here': {},
  'webrtc-connections-scarce': {},
  'webrtc-connections-refused': {},
  'relay-does-not-reach-peers': {},
  'direct-path-timed-out': {},
  'direct-path-failed': {},

  'topic-joining': {},
  'topic-no-subscribers': {},
  'topic-no-peers': {},

  'catalogue-empty-everywhere': {},
  'catalogue-fetching': {},
  'catalogue-no-peers': {},
} as const

/** Why a connection is not healthy. */
export const healthReasons = {
  'pings-lost': { count: 'number' },
  'requests-failed': { count: 'number' },
  'slow-round-trip': { ms: 'number' },
} as const

/** Warnings: they do not prevent anything. */
export const warningReasons = {
  'published-before': { package: 'text', version: 'text' },
  'published-and-yanked': { package: 'text', version: 'text' },
  'version-lower': { version: 'text', highest: 'text' },
  'optional-left-out': {
    dependency: 'text',
    range: 'text',
    dependent: 'text',
    problem: dependencyProblems,
    versions: 'texts',
  },
  'required-skipped': {
    dependency: 'text',
    range: 'text',
    dependent: 'text',
    problem: dependencyProblems,
    versions: 'texts',
  },
  'yanked-chosen': { package: 'text', version: 'text' },
  'publisher-disputed': { package: 'text', version: 'text' },
  'publisher-contested': { package: 'text', version: 'text' },
  'passed-over-two-contents': { package: 'text', version: 'text' },
  'passed-over-missing': {
    package: 'text',
    version: 'text',
    dependency: 'text',
    problem: dependencyProblems,
    versions: 'texts',
  },
} as const

/** Kinds of damage to a file of an installed package. */
export const damageReasons = { 'bytes-differ': {}, 'part-missing': {} } as const
