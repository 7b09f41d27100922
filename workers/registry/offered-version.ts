import { prerelease } from 'semver'

interface Offerable {
  readonly version: string
  /** Undefined until the signed release arrives. */
  readonly release: unknown
  readonly yanked: boolean
  readonly equivocation: boolean
}

/**
 * Returns the version to install by default: the highest stable one, or the highest prerelease if there is no stable
 * one. Yanked versions, equivocations and versions without a release are never offered.
 * @param versions highest first.
 */
export const pickOffered = <V extends Offerable>(versions: readonly V[]): V | undefined => {
  const offered = versions.filter(isOffered)
  return offered.find(({ version }) => prerelease(version) === null) ?? offered[0]
}

const isOffered = (version: Offerable): boolean =>
  version.release !== undefined && !version.yanked && !version.equivocation
