import { compareBuild, parse, prerelease, validRange } from 'semver'
import { MAX_RANGE_CHARACTERS, MAX_VERSION_CHARACTERS } from './limits.ts'

/** Versions and ranges of packages: node-semver, strict (https://semver.org, https://github.com/npm/node-semver). */

/** Tells whether `text` is a semantic version exactly as the standard writes it: no `v`, no space, all three numbers. */
export const isVersion = (text: string): boolean => {
  if (text.length === 0 || text.length > MAX_VERSION_CHARACTERS) return false
  const version = parse(text)
  return version !== null && text === version.version + (version.build.length > 0 ? `+${version.build.join('.')}` : '')
}

/** Tells whether `text` is a range that node-semver reads; the empty text is not (write `*`). */
export const isRange = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_RANGE_CHARACTERS && text.trim() === text && validRange(text) !== null

/** Orders valid versions; equal only for the same text. */
export const compareVersions = (a: string, b: string): number => compareBuild(a, b)

/** What is offered when no version is asked for: the highest stable one that is not yanked, else the highest there is. */
export const pickLatest = (
  versions: readonly { readonly version: string; readonly yanked?: true }[],
): string | undefined => {
  const highest = (from: typeof versions) => from.map((entry) => entry.version).sort((a, b) => compareBuild(b, a))[0]
  const offered = versions.filter((entry) => entry.yanked !== true)
  const stable = offered.filter((entry) => prerelease(entry.version) === null)
  return highest(stable) ?? highest(offered) ?? highest(versions)
}
