import { compareBuild, parse, prerelease, validRange } from 'semver'
import { MAX_RANGE_CHARACTERS, MAX_VERSION_CHARACTERS } from './limits.ts'

/** Package versions and ranges: strict node-semver (https://semver.org, https://github.com/npm/node-semver). */

/** Returns whether `text` is a semantic version in canonical form: no `v`, no space, all three numbers. */
export const isVersion = (text: string): boolean => {
  if (text.length === 0 || text.length > MAX_VERSION_CHARACTERS) return false
  const version = parse(text)
  return version !== null && text === version.version + (version.build.length > 0 ? `+${version.build.join('.')}` : '')
}

/** Returns whether `text` is a valid node-semver range. The empty text is not: use `*`. */
export const isRange = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_RANGE_CHARACTERS && text.trim() === text && validRange(text) !== null

/** Orders valid versions; equal only for the same text. */
export const compareVersions = (a: string, b: string): number => compareBuild(a, b)

/** Picks the version to install by default: the highest stable unyanked one, else the highest unyanked, else any. */
export const pickLatest = (
  versions: readonly { readonly version: string; readonly yanked?: true }[],
): string | undefined => {
  const highest = (from: typeof versions) => from.map((entry) => entry.version).sort((a, b) => compareBuild(b, a))[0]
  const offered = versions.filter((entry) => entry.yanked !== true)
  const stable = offered.filter((entry) => prerelease(entry.version) === null)
  return highest(stable) ?? highest(offered) ?? highest(versions)
}
