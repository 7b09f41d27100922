import { MAX_RANGE_CHARACTERS } from '../protocol/limits.ts'
import { isRange } from '../protocol/versions-and-ranges.ts'

/**
 * A range as manifests write it, as one that node-semver reads: a bare `1.0` means `^1.0` (docs/protocol.md §6), commas
 * (Cargo, Python) join conditions. Undefined where it is no range.
 */
export const toNodeRange = (text: string): string | undefined => {
  // Longer than any range, even with spaces to spare; bounds the patterns below.
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

/** `==1.0` and `~=1.4`, the operators that node-semver does not know. */
const fromPython = (range: string): string =>
  range
    .replace(/(^|\s)={2,3}\s*/g, '$1=')
    .replace(/(^|\s)~=\s*(\d+\.\d+(?!\.?\d))/g, '$1^$2')
    .replace(/(^|\s)~=\s*/g, '$1~')
