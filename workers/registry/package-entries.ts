import type { Entry } from '../protocol/entry.ts'
import type { CataloguePackage } from './catalogue.ts'
import { shownVersion } from './summary.ts'

/**
 * The signed records of a package as another peer can verify them alone: first identity, head and the release that is
 * shown, together; where all are wanted, each further release follows, the highest version first.
 *
 * Nothing of a publisher that signed two histories of its identity: only the proof of that is told to others.
 */
export const packageToEntries = (found: CataloguePackage, releases: 'shown' | 'all'): Entry[][] => {
  const shown = shownVersion(found)?.release
  if (shown === undefined || found.disputed) return []
  const others = releases === 'shown' ? [] : found.versions.flatMap(({ release }) => release ?? [])
  return [
    [
      { kind: 'identity', bytes: found.identity.chain },
      { kind: 'head', bytes: found.head.bytes },
      { kind: 'release', bytes: shown.bytes },
    ],
    ...others.filter((release) => release !== shown).map(({ bytes }): Entry[] => [{ kind: 'release', bytes }]),
  ]
}
