import type { ValueType } from '../contract/finding-reasons.ts'

/**
 * Total access to the output of a manifest parser. Manifests may contain anything anywhere, so nothing here throws:
 * values of the wrong type count as absent.
 */

export type Table = Readonly<Record<string, unknown>>

export const emptyTable: Table = Object.freeze({})

/** Returns whether a value is a TOML table or JSON object, not a list or date. */
export const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Returns an own value of a table; undefined if `table` is not a table. */
export const get = (table: unknown, key: string): unknown =>
  isTable(table) && Object.hasOwn(table, key) ? table[key] : undefined

/** Returns the table at `key`, or the first of an array of tables (`[[package]]`). */
export const tableAt = (table: unknown, key: string): Table | undefined => {
  const value = get(table, key)
  const first = Array.isArray(value) ? value[0] : value
  return isTable(first) ? first : undefined
}

/** Returns a trimmed text, undefined if it is empty. */
export const textOf = (value: unknown): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return text === '' ? undefined : text
}

/** Returns the first text at one of these keys. */
export const firstText = (place: Table, keys: readonly string[]): string | undefined => {
  for (const key of keys) {
    const text = textOf(get(place, key))
    if (text !== undefined) return text
  }
  return undefined
}

/** Returns the texts of a list, a comma-separated text, or a table with a list `key`, `list`, `values` or `items`. */
export const textsOf = (value: unknown, key: string): string[] => {
  if (typeof value === 'string') return value.split(/[,;\n]/).flatMap((part) => textOf(part) ?? [])
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => textOf(typeof item === 'number' ? String(item) : item) ?? [])
  }
  if (isTable(value)) {
    for (const name of [key, 'list', 'values', 'items']) {
      const inner = get(value, name)
      if (Array.isArray(inner) || typeof inner === 'string') return textsOf(inner, name)
    }
  }
  return []
}

/** What a value is, where something else is needed. */
export const typeOf = (value: unknown): ValueType => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Date) return 'date'
  if (typeof value === 'bigint' || typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  return isTable(value) ? 'table' : 'text'
}
