import { Range, SemVer } from 'semver'

/** A parsed range. Parsing dominates the cost of resolving, so parsed forms are memoised. */
export interface ParsedRange {
  readonly text: string
  /** True if every stable version fits. */
  readonly any: boolean
  /** Follows node-semver: a prerelease fits only a range that names a prerelease of the same version. */
  fits(version: string): boolean
}

/** @param text undefined, or an invalid range, accepts any version. */
export const parseRange = (text: string | undefined): ParsedRange => rangeByText(text ?? '*') ?? anyRange

export const isPrerelease = (version: string): boolean => (versionByText(version)?.prerelease.length ?? 0) > 0

/** Maximum number of memoised forms, each below 1 KB. */
const maxParsed = 16_384

const memoise = <T>(parse: (text: string) => T): ((text: string) => T | undefined) => {
  const parsedByText = new Map<string, T | undefined>()
  return (text) => {
    const before = parsedByText.get(text)
    if (before !== undefined || parsedByText.has(text)) return before
    let parsed: T | undefined
    try {
      parsed = parse(text)
    } catch {
      // Invalid text has no parsed form.
    }
    if (parsedByText.size >= maxParsed) parsedByText.clear()
    parsedByText.set(text, parsed)
    return parsed
  }
}

const versionByText = memoise((text) => new SemVer(text))

const rangeByText = memoise((text): ParsedRange => {
  const range = new Range(text)
  return {
    text,
    any: range.range === '',
    fits(version) {
      const parsed = versionByText(version)
      return parsed !== undefined && range.test(parsed)
    },
  }
})

const anyRange: ParsedRange = { text: '*', any: true, fits: () => true }
