/**
 * The one rule for deleting content: only unreferenced content may be deleted.
 *
 * Pure, over a snapshot. When this profile's publications are not fully known (a record is damaged or has not arrived
 * yet), all content counts as referenced: wasted disk space is a smaller loss than the only copy.
 */
export interface ContentReferences {
  /** Installed packages, without the one being uninstalled. */
  readonly installed: readonly { readonly root: string }[]
  readonly published: PublishedContents
  /** Contents that a running command reads or writes. */
  readonly held: ReadonlySet<string>
}

export interface PublishedContents {
  /** Roots of every release that this profile has signed, whether or not a head names it. */
  readonly roots: ReadonlySet<string>
  /** False when the root of some own publication is unknown. */
  readonly complete: boolean
}

export type Reference = 'installed' | 'published' | 'held'

/** The reference that keeps this content; undefined when it may be deleted. */
export const referenceTo = (root: string, { installed, published, held }: ContentReferences): Reference | undefined => {
  if (published.roots.has(root) || !published.complete) return 'published'
  if (installed.some((entry) => entry.root === root)) return 'installed'
  return held.has(root) ? 'held' : undefined
}
