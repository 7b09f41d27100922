import { parse } from 'smol-toml'
import type { Table } from './tree.ts'

/**
 * Salvages values from a manifest that does not parse, enough to fill a form for review. Reads line by line (TOML) or
 * name by name (JSON), keeps the first value of each name and takes linear time.
 */

export const salvageToml = (text: string): Table => {
  const root = emptyRecord()
  let table: Record<string, unknown> = root
  for (const untrimmed of text.split('\n', MAX_LINES)) {
    const line = untrimmed.trim()
    const heading = /^\[{1,2}\s*([\w.-]+)\s*(?:\]|$)/.exec(line)
    if (heading?.[1] !== undefined) {
      table = tableFor(root, heading[1].split('.'))
      continue
    }
    const entry = /^["']?([\w.-]+)["']?\s*[=:](.*)$/.exec(line)
    const name = entry?.[1]
    if (name === undefined || entry?.[2] === undefined || Object.hasOwn(table, name)) continue
    const value = readValue(entry[2].trim())
    if (value !== undefined) table[name] = value
  }
  return root
}

export const salvageJson = (text: string): Table => {
  const root = emptyRecord()
  for (const [, name, value] of text.matchAll(jsonEntry)) {
    if (name === undefined || value === undefined || Object.hasOwn(root, name)) continue
    try {
      root[name] = JSON.parse(value)
    } catch {
      // A malformed list.
    }
  }
  return root
}

const emptyRecord = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>

const tableFor = (root: Record<string, unknown>, names: string[]): Record<string, unknown> => {
  let table = root
  for (const name of names.slice(0, MAX_DEPTH)) {
    const inner = table[name]
    const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : emptyRecord()
    table[name] = next
    table = next
  }
  return table
}

/** Reads one value: TOML, else the text in or after quotes, else a bare word. */
const readValue = (text: string): unknown => {
  if (text === '' || text.startsWith('"""') || text.startsWith("'''")) return undefined
  try {
    return parse(`v = ${text}`, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH })['v']
  } catch {
    const quoted = /^["']([^"']*)/.exec(text)?.[1]?.trim()
    if (quoted !== undefined) return quoted === '' ? undefined : quoted
    return /^[[{]/.test(text) ? undefined : text.split('#', 1)[0]?.trim()
  }
}

// Only names of form fields, so that names of nested objects do not count.
const jsonEntry =
  /"(id|name|title|version|description|category|license|repository|homepage|author|tags|keywords|categories)"\s*:\s*("(?:[^"\\\n]|\\.)*"|\[[^[\]{}]*\])/g

const MAX_LINES = 20_000
const MAX_DEPTH = 8
