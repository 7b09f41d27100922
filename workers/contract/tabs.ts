import { type TabCommand, tabCommands } from './command-table.ts'
import type { UpdateBatch } from './updates.ts'

/**
 * Messages between the tabs of one profile. One tab leads: its worker runs the engine, and the others send it their
 * commands over BroadcastChannels. The codec is here because page and worker decode the same messages.
 *
 * The sender may be a page of an older or newer build: every message carries the version, and the decoder is total. The
 * lobby's name and the envelope `{ ggen, v, role }` must never change, so that any two builds can detect a difference.
 */
export const TAB_PROTOCOL_VERSION = 5

/** The browser clones a message for every listener of its channel, so only messages for all tabs go to the lobby. */
export const tabChannels = {
  /** All tabs of the profile. */
  lobby: (profile: string) => `ggen-tabs-${profile}`,
  /** Commands, for the leader's worker only. A new leader has a new id and gets no commands for the former one. */
  leader: (profile: string, leader: string) => `ggen-leader-${profile}-${leader}`,
  /** Answers, for one tab only: they may be large. */
  tab: (profile: string, tab: string) => `ggen-tab-${profile}-${tab}`,
}

export const tabLocks = {
  /** Held by the leader's page. */
  leader: (profile: string) => `ggen-leader-${profile}`,
  /** Held while a tab takes over from a frozen leader, so that only one does. */
  takeOver: (profile: string) => `ggen-take-over-${profile}`,
  /** Held by a tab during its lifetime. */
  tab: (profile: string, tab: string) => `ggen-tab-${profile}-${tab}`,
  /** Held by the worker whose engine uses the profile's database and keys. */
  profile: (profile: string) => `ggen-profile-${profile}`,
}

/** The place and size of a byte array removed from a value. */
export interface Part {
  path: (string | number)[]
  size: number
}

export type TabMessage =
  // To the lobby.
  /** Asks whether there is a leader. */
  | { kind: 'probe'; from: string }
  /** A page has become the leader; its worker is about to start. */
  | { kind: 'claim'; leader: string; stolen: boolean }
  /** The leader's page answers a probe. */
  | { kind: 'alive'; leader: string }
  /** The leader's worker accepts messages. `pageSilentMs` is the time since its page last answered. */
  | { kind: 'beat'; leader: string; up: boolean; pageSilentMs: number }
  | { kind: 'updates'; leader: string; updates: UpdateBatch }
  // To the leader.
  | { kind: 'hello'; from: string }
  /** The leader's page has received the beat of its worker. */
  | { kind: 'page' }
  /** Followed by `parts` bytes in chunks. */
  | {
      kind: 'call'
      from: string
      id: number
      command: TabCommand
      args: unknown[]
      parts: Part[]
      /** W3C `traceparent` with the ids of the command's span. */
      trace?: string | undefined
    }
  | { kind: 'call-chunk'; from: string; id: number; bytes: Uint8Array }
  | { kind: 'result-ack'; from: string; id: number; received: number }
  // To one tab.
  /** The engine's state before the hello. */
  | { kind: 'welcome'; leader: string; updates: UpdateBatch }
  /** Followed by `parts` bytes in chunks. */
  | { kind: 'result'; leader: string; id: number; value: unknown; parts: Part[] }
  | { kind: 'result-chunk'; leader: string; id: number; bytes: Uint8Array }
  | { kind: 'call-ack'; leader: string; id: number; received: number }
  | { kind: 'failure'; leader: string; id: number; name: string; message: string }

export type TabMessageKind = TabMessage['kind']

/** The sender of a message: a build that cannot decode it still learns whether it was a leader. */
export type TabRole = 'leader' | 'tab'

export type DecodedTabMessage =
  | { ok: true; message: TabMessage }
  | { ok: false; reason: 'other-version'; version: number; role: TabRole }
  | { ok: false; reason: 'malformed' }

/** Encodes a message for posting. */
export const encodeTabMessage = (role: TabRole, message: TabMessage): object => ({
  ggen: 'tabs',
  v: TAB_PROTOCOL_VERSION,
  role,
  ...message,
})

/** Decodes any data from a channel; never throws. Drops unknown fields. */
export const decodeTabMessage = (data: unknown): DecodedTabMessage => {
  try {
    if (!isObject(data) || data['ggen'] !== 'tabs') return malformed
    const { v, role, kind } = data
    if (role !== 'leader' && role !== 'tab') return malformed
    if (!isCount(v)) return malformed
    if (v !== TAB_PROTOCOL_VERSION) return { ok: false, reason: 'other-version', version: v, role }
    if (typeof kind !== 'string' || !Object.hasOwn(tabMessageFields, kind)) return malformed
    const message: Record<string, unknown> = { kind }
    for (const [name, field] of Object.entries(tabMessageFields[kind as TabMessageKind])) {
      const value = Object.hasOwn(data, name) ? data[name] : undefined
      const isValid = checks[field](value)
      // A command counts, even when what it says about its trace does not.
      if (!isValid && field !== 'trace') return malformed
      message[name] = isValid ? value : undefined
    }
    return { ok: true, message: message as unknown as TabMessage }
  } catch {
    return malformed
  }
}

const malformed: DecodedTabMessage = { ok: false, reason: 'malformed' }

type Field =
  | 'id'
  | 'trace'
  | 'text'
  | 'count'
  | 'flag'
  | 'bytes'
  | 'updates'
  | 'list'
  | 'parts'
  | 'command'
  | 'anything'

/** The fields of every kind of message: pinned to the version by a test. */
export const tabMessageFields: { [K in TabMessageKind]: Record<string, Field> } = {
  probe: { from: 'id' },
  claim: { leader: 'id', stolen: 'flag' },
  alive: { leader: 'id' },
  beat: { leader: 'id', up: 'flag', pageSilentMs: 'count' },
  updates: { leader: 'id', updates: 'updates' },
  hello: { from: 'id' },
  page: {},
  call: { from: 'id', id: 'count', command: 'command', args: 'list', parts: 'parts', trace: 'trace' },
  'call-chunk': { from: 'id', id: 'count', bytes: 'bytes' },
  'result-ack': { from: 'id', id: 'count', received: 'count' },
  welcome: { leader: 'id', updates: 'updates' },
  result: { leader: 'id', id: 'count', value: 'anything', parts: 'parts' },
  'result-chunk': { leader: 'id', id: 'count', bytes: 'bytes' },
  'call-ack': { leader: 'id', id: 'count', received: 'count' },
  failure: { leader: 'id', id: 'count', name: 'text', message: 'text' },
}

/** Ids are UUIDs generated by pages. */
const maxIdCharacters = 64

/** W3C `traceparent`; the engine ignores one of another form. */
const maxTraceCharacters = 55

/** Byte arrays of one message: more than the files of any package or archive. */
const maxParts = 20_000

/** Total bytes of one message: an archive of the largest package and its manifest fit. */
const maxPartsBytes = 512 * 1024 * 1024

const maxPathSteps = 16

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isPart = (value: unknown): value is Part =>
  isObject(value) &&
  isCount(value['size']) &&
  Array.isArray(value['path']) &&
  value['path'].length <= maxPathSteps &&
  value['path'].every((step) => typeof step === 'string' || isCount(step))

const checks: Record<Field, (value: unknown) => boolean> = {
  id: (value) => typeof value === 'string' && value.length > 0 && value.length <= maxIdCharacters,
  trace: (value) => value === undefined || (typeof value === 'string' && value.length <= maxTraceCharacters),
  text: (value) => typeof value === 'string',
  count: isCount,
  flag: (value) => typeof value === 'boolean',
  bytes: (value) => value instanceof Uint8Array,
  list: (value) => Array.isArray(value),
  updates: (value) =>
    Array.isArray(value) && value.every((update) => isObject(update) && typeof update['kind'] === 'string'),
  parts: (value) =>
    Array.isArray(value) &&
    value.length <= maxParts &&
    value.every(isPart) &&
    value.reduce((sum: number, part: Part) => sum + part.size, 0) <= maxPartsBytes,
  command: (value) => (tabCommands as readonly unknown[]).includes(value),
  anything: () => true,
}
