import { MAX_RANGE_CHARACTERS } from '../protocol/limits.ts'
import { isRange } from '../protocol/versions-and-ranges.ts'

/**
 * Converts a range of a manifest to node-semver: a bare `1.0` means `^1.0` (docs/protocol.md §6), and commas (Cargo,
 * Python) join conditions. Undefined if it is not a range.
 */
export const toNodeRange = (text: string): string | undefined => {
  // Longer than any range; bounds the patterns below.
  if (text.length > MAX_RANGE_CHARACTERS * 2) return undefined
  const range = text
    .trim()
    .replace(/\s*,\s*/g, ' ')
    .replace(/\s+/g, ' ')
  if (range === '' || range === '*' || range === 'latest' || range === 'any') return '*'
  const bare = /^v?(\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/.exec(range)
  const caret = bare === null ? fromPython(range) : `^${bare[1]}`
  return isRange(caret) ? caret : undefined
}

/** Converts `==1.0` and `~=1.4`, which node-semver does not support. */
const fromPython = (range: string): string =>
  range
    .replace(/(^|\s)={2,3}\s*/g, '$1=')
    .replace(/(^|\s)~=\s*(\d+\.\d+(?!\.?\d))/g, '$1^$2')
    .replace(/(^|\s)~=\s*/g, '$1~')
