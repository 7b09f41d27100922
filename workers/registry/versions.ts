import { prerelease, Range, SemVer } from 'semver'

/** Which of a package's versions may be offered, and which fit a range. Parsed forms are kept: parsing is the cost. */

/** What decides whether a version may be offered. */
interface Offerable {
  readonly version: string
  /** Undefined while the signed release is not here. */
  readonly release: unknown
  readonly yanked: boolean
  readonly equivocation: boolean
}

/** A version that may be chosen without being asked for by name. */
const isOffered = (version: Offerable): boolean =>
  version.release !== undefined && !version.yanked && !version.equivocation

/**
 * The highest stable version that may be offered; a prerelease only if there is nothing else.
 * @param versions highest first.
 */
export const pickOffered = <V extends Offerable>(versions: readonly V[]): V | undefined => {
  const offered = versions.filter(isOffered)
  return offered.find(({ version }) => prerelease(version) === null) ?? offered[0]
}

/** A range as the solver uses it. `any` asks for nothing in particular. */
export interface ParsedRange {
  readonly text: string
  readonly any: boolean
  /** By the rules of node-semver; prereleases fit only a range that names one of the same version. */
  fits(version: string): boolean
}

/** @param text undefined, or what is no range, asks for nothing in particular. */
export const parseRange = (text: string | undefined): ParsedRange => rangeByText(text ?? '*') ?? anyRange

export const isPrerelease = (version: string): boolean => (versionByText(version)?.prerelease.length ?? 0) > 0

/** Parsed forms kept at most, each under 1 KB. */
const maxParsed = 16_384

const remember = <T>(parse: (text: string) => T): ((text: string) => T | undefined) => {
  const known = new Map<string, T | undefined>()
  return (text) => {
    const before = known.get(text)
    if (before !== undefined || known.has(text)) return before
    let parsed: T | undefined
    try {
      parsed = parse(text)
    } catch {
      // No version, no range.
    }
    if (known.size >= maxParsed) known.clear()
    known.set(text, parsed)
    return parsed
  }
}

const versionByText = remember((text) => new SemVer(text))

const rangeByText = remember((text): ParsedRange => {
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
