import type { FieldLabel } from '../contract/finding-reasons.ts'
import { countCharacters, hasUnwantedCharacters, toLine } from '../protocol/text.ts'
import type { Findings } from './findings.ts'

/** Turns texts of a manifest into valid lines of a release record and reports changes. */

export const cleanLine = (
  raw: string,
  maxCharacters: number,
  label: FieldLabel,
  path: string | undefined,
  findings: Findings,
): string => {
  const line = clean(raw, label, path, findings)
  if (countCharacters(line) <= maxCharacters) return line
  findings.note('TextCut', { code: 'field-cut', field: label, limit: maxCharacters }, { path })
  return toLine(line, maxCharacters)
}

/** Truncates a description between words, with an ellipsis. */
export const cleanDescription = (
  raw: string,
  maxCharacters: number,
  path: string | undefined,
  findings: Findings,
): string => {
  const line = clean(raw, 'description', path, findings)
  const length = countCharacters(line)
  if (length <= maxCharacters) return line
  findings.note('DescriptionCut', { code: 'description-cut', characters: length, limit: maxCharacters }, { path })
  const start = toLine(line, maxCharacters - 1)
  const lastSpace = start.lastIndexOf(' ')
  return `${(lastSpace > start.length * 0.8 ? start.slice(0, lastSpace) : start).trimEnd()}…`
}

/** Returns at most `maxEntries` distinct lines. */
export const cleanList = (
  raw: readonly string[],
  maxEntries: number,
  maxCharacters: number,
  label: FieldLabel,
  path: string | undefined,
  findings: Findings,
): string[] => {
  const lines = new Set<string>()
  // Bounds the work for hostile lists. Entries beyond the limit would be dropped anyway.
  for (const text of raw.slice(0, maxEntries * 4)) {
    const line = cleanLine(text, maxCharacters, label, path, findings)
    if (line !== '') lines.add(line)
  }
  if (lines.size > maxEntries || raw.length > maxEntries * 4) {
    findings.warning('ListCut', { code: 'list-cut', field: label, count: raw.length, limit: maxEntries }, { path })
  }
  return [...lines].slice(0, maxEntries)
}

const clean = (raw: string, label: FieldLabel, path: string | undefined, findings: Findings): string => {
  if (hasUnwantedCharacters(raw.replace(/[\t\r\n]/g, ' '))) {
    findings.warning('ControlCharacters', { code: 'field-has-hidden-characters', field: label }, { path })
  }
  return toLine(raw, raw.length)
}
