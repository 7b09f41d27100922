import { type PublisherId, rootToText } from '../protocol/ids.ts'
import type { Library } from '../registry/library.ts'
import type { Outbox } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import type { PublishedContents } from './content-references.ts'

/**
 * Contents that this profile has published, according to its own records: including older and withdrawn versions,
 * versions in the outbox, and those that another device's head no longer names.
 *
 * Read from stored records, so every tab has the same result, also after a reload.
 */
export const publishedContents = (
  registry: Pick<Registry, 'packagesOf' | 'releasesBy' | 'get'>,
  outbox: Pick<Outbox, 'list'>,
  library: Pick<Library, 'list'>,
  self: PublisherId,
): PublishedContents => {
  const roots = new Set<string>()
  for (const { release } of registry.releasesBy(self)) roots.add(rootToText(release.root))
  // Installed own packages count too, even if their records are damaged.
  for (const { id, root } of library.list()) if (id.startsWith(`${self}/`)) roots.add(root)
  const isKnown = ({ complete, versions }: ReturnType<typeof registry.packagesOf>[number]): boolean =>
    complete && versions.every(({ release }) => release !== undefined)
  return {
    roots,
    complete:
      registry.packagesOf(self).every(isKnown) && outbox.list().every(({ id }) => registry.get(id) !== undefined),
  }
}
