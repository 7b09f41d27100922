import type { Entry } from '../protocol/entry.ts'
import type { CataloguePackage } from './catalogue.ts'
import { shownVersion } from './package-views.ts'

/**
 * Returns the signed records of a package, grouped so that another peer can verify each group: first the identity, head
 * and shown release; with `all`, each further release follows, highest version first.
 *
 * Empty for a disputed publisher, of which only the proof is shared with peers.
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
