/**
 * Reasons as data: a code and typed values. One table names the values of each code; the types, the decoder and the
 * words in `src/text` all follow from it.
 */

/** The type of one value. A list of texts means one of them; `?` is optional; `reason` is a nested reason. */
export type ValueKind = 'text' | 'text?' | 'number' | 'number?' | 'flag' | 'texts' | 'reason' | readonly string[]

export type ReasonTable = Readonly<Record<string, Readonly<Record<string, ValueKind>>>>

/** A reason of any table, or of another version of this program. */
export interface AnyReason {
  readonly code: string
}

type ValueOf<Kind> = Kind extends 'text' | 'text?'
  ? string
  : Kind extends 'number' | 'number?'
    ? number
    : Kind extends 'flag'
      ? boolean
      : Kind extends 'texts'
        ? readonly string[]
        : Kind extends 'reason'
          ? AnyReason
          : Kind extends readonly (infer Text)[]
            ? Text
            : never

type OptionalKeys<Kinds> = { [Key in keyof Kinds]: Kinds[Key] extends 'text?' | 'number?' ? Key : never }[keyof Kinds]

/** The values of one code. */
export type ValuesOf<Kinds> = { readonly [Key in Exclude<keyof Kinds, OptionalKeys<Kinds>>]: ValueOf<Kinds[Key]> } & {
  readonly [Key in OptionalKeys<Kinds>]?: ValueOf<Kinds[Key]> | undefined
}

/** The reasons of a table. */
export type ReasonOf<Table extends ReasonTable> = {
  [Code in keyof Table]: { readonly code: Code } & ValuesOf<Table[Code]>
}[keyof Table]

/** Longer texts are cut, because peers supply some of them. Paths of any system fit. */
export const MAX_TEXT_CHARACTERS = 4_096

/** Longer lists are cut. */
export const MAX_TEXTS = 64

/** Nesting of reasons: one may hold one, which may hold another. */
const maxDepth = 3

/** Decodes a reason from any data; undefined if its code or a value is not of this version. Never throws. */
export const readReason = (table: ReasonTable, data: unknown, depth = 1): AnyReason | undefined => {
  if (depth > maxDepth || typeof data !== 'object' || data === null) return undefined
  const given = data as Readonly<Record<string, unknown>>
  const code = Object.hasOwn(given, 'code') ? given['code'] : undefined
  if (typeof code !== 'string' || !Object.hasOwn(table, code)) return undefined
  const reason: Record<string, unknown> = { code }
  for (const [name, kind] of Object.entries(table[code] ?? {})) {
    const value = readValue(table, kind, Object.hasOwn(given, name) ? given[name] : undefined, depth)
    if (value !== undefined) reason[name] = value
    else if (kind !== 'text?' && kind !== 'number?') return undefined
  }
  return reason as unknown as AnyReason
}

const readValue = (table: ReasonTable, kind: ValueKind, value: unknown, depth: number): unknown => {
  switch (kind) {
    case 'text':
    case 'text?':
      return typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARACTERS) : undefined
    case 'number':
    case 'number?':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined
    case 'flag':
      return typeof value === 'boolean' ? value : undefined
    case 'texts': {
      if (!Array.isArray(value)) return undefined
      const texts = value.slice(0, MAX_TEXTS)
      return texts.every((text) => typeof text === 'string')
        ? texts.map((text) => text.slice(0, MAX_TEXT_CHARACTERS))
        : undefined
    }
    case 'reason':
      return readReason(table, value, depth + 1)
    default:
      return typeof value === 'string' && kind.includes(value) ? value : undefined
  }
}
