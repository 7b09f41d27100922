import { noLogger } from './no-telemetry.ts'
import type { Attributes, AttributeValue, Logger, Telemetry } from './telemetry.ts'

/** Limit on a value (characters): enough for a peer id, an address or a failure message. */
const maxValueCharacters = 200

/** Limit on the fields of a line. */
const maxFields = 20

export interface ConsoleLoggerOptions {
  /** Comma-separated rooms to log; `*` means all. */
  rooms: string
  /** Milliseconds since the epoch. */
  now(): number
  write(line: string): void
}

/**
 * Structured logs, one line each: time, level, room, message, then `key=value` fields. Text from peers cannot leave its
 * line or field: values are bounded, quoted where needed and written in visible characters.
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

/** Control, format, unassigned and separator characters, which could break a line or reorder its text. */
const escapeInvisible = (text: string): string =>
  text.replace(/[\p{C}\p{Z}]/gu, (each) => (each === ' ' ? each : `\\u{${each.codePointAt(0)?.toString(16)}}`))
