/**
 * The one rule for deleting content: it goes only when nothing refers to it.
 *
 * Pure, over what is known at one moment. When it cannot be told what this profile has published (a record is damaged
 * or has not arrived yet), everything counts as referred to: too much disk is a smaller loss than the only copy.
 */
export interface ContentReferences {
  /** Installed packages, the one that is about to go left out. */
  readonly installed: readonly { readonly root: string }[]
  readonly published: PublishedContents
  /** Contents that a running command reads or writes. */
  readonly held: ReadonlySet<string>
}

export interface PublishedContents {
  /** Roots of every release that this profile ever signed, whether a head names it or not. */
  readonly roots: ReadonlySet<string>
  /** False when there are own publications whose root is not known here. */
  readonly complete: boolean
}

export type Reference = 'installed' | 'published' | 'held'

/** What keeps this content; undefined when it may be deleted. */
export const referenceTo = (root: string, { installed, published, held }: ContentReferences): Reference | undefined => {
  if (published.roots.has(root) || !published.complete) return 'published'
  if (installed.some((entry) => entry.root === root)) return 'installed'
  return held.has(root) ? 'held' : undefined
}
