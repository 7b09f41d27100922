import { type PublisherId, rootToText } from '../protocol/ids.ts'
import type { Library } from '../registry/library.ts'
import type { Outbox } from '../registry/outbox.ts'
import type { Registry } from '../registry/registry.ts'
import type { PublishedContents } from './content-references.ts'

/**
 * What this profile has published, as far as its own records tell: older versions, withdrawn ones, those that wait in
 * the outbox, and those that another device's head no longer names.
 *
 * Read from what is stored, so it is the same in the tab that published, in the next one, and after a reload.
 */
export const publishedContents = (
  registry: Pick<Registry, 'packagesOf' | 'releasesBy' | 'get'>,
  outbox: Pick<Outbox, 'list'>,
  library: Pick<Library, 'list'>,
  self: PublisherId,
): PublishedContents => {
  const roots = new Set<string>()
  for (const { release } of registry.releasesBy(self)) roots.add(rootToText(release.root))
  // What was installed from oneself is one's own too, also when the records of it are damaged.
  for (const { id, root } of library.list()) if (id.startsWith(`${self}/`)) roots.add(root)
  const isKnown = ({ complete, versions }: ReturnType<typeof registry.packagesOf>[number]): boolean =>
    complete && versions.every(({ release }) => release !== undefined)
  return {
    roots,
    complete:
      registry.packagesOf(self).every(isKnown) && outbox.list().every(({ id }) => registry.get(id) !== undefined),
  }
}
