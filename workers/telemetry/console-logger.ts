import { noLogger } from './no-telemetry.ts'
import type { Attributes, AttributeValue, Logger, Telemetry } from './telemetry.ts'

/** Characters of one value that are written: enough for a peer id, an address or a failure's sentence. */
const maxValueCharacters = 200

/** Fields of one line that are written. */
const maxFields = 20

export interface ConsoleLoggerOptions {
  /** Rooms that log, separated by commas; `*` means all of them. */
  rooms: string
  /** Milliseconds since the epoch. */
  now(): number
  write(line: string): void
}

/**
 * Structured logs, one line each: time, level, room, message, then `key=value` fields. Whatever a peer put into a value, it
 * stays on its line and within its field: values are bounded, quoted where needed, and written with visible characters only.
 */
export const createConsoleLogger = ({ rooms, now, write }: ConsoleLoggerOptions): Telemetry['logger'] => {
  const named = new Set(rooms.split(',').map((room) => room.trim()))
  return (room) => {
    if (!named.has('*') && !named.has(room)) return noLogger
    const at =
      (level: keyof Logger) =>
      (message: string, fields: Attributes = {}): void =>
        write(toLine([new Date(now()).toISOString(), level, room, message], fields))
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  }
}

const toLine = (head: readonly string[], fields: Attributes): string =>
  [
    ...head,
    ...Object.entries(fields)
      .slice(0, maxFields)
      .map(([key, value]) => `${key}=${toText(value)}`),
  ].join(' ')

const toText = (value: AttributeValue): string => {
  if (typeof value !== 'string') return String(value)
  const bounded = value.length > maxValueCharacters ? `${value.slice(0, maxValueCharacters)}…` : value
  return /^[\w.:/+@…-]+$/.test(bounded) ? bounded : escapeInvisible(JSON.stringify(bounded))
}

/** Control, format, unassigned and separator characters, which could break a line or reorder what it shows. */
const escapeInvisible = (text: string): string =>
  text.replace(/[\p{C}\p{Z}]/gu, (each) => (each === ' ' ? each : `\\u{${each.codePointAt(0)?.toString(16)}}`))
