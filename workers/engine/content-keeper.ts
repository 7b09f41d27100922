import PQueue from 'p-queue'
import type { ContentStore } from '../content/content-store.ts'
import { Failure } from '../contract/failures.ts'
import { textToRoot } from '../protocol/ids.ts'
import type { Library } from '../registry/library.ts'
import type { Change } from '../store/store.ts'
import { type PublishedContents, type Reference, referenceTo } from './content-references.ts'

/**
 * The only part that deletes content.
 *
 * Guarantees: content is deleted in the same durable write as its last reference, so a crash leaves neither a library
 * entry without its content nor unreferenced content. Content stays while this profile has published it, another entry
 * has installed it, or a running command holds it. Not guaranteed: that content which was never installed (a preview, a
 * cancelled install) is ever deleted.
 */
export interface ContentKeeper {
  /**
   * Keeps these contents until the returned function releases them. Resolves after removals in progress: content that
   * is present from then on stays.
   */
  hold(roots: readonly string[]): Promise<() => void>
  /**
   * Removes an entry from the library, with its content unless something else refers to it.
   * @throws Failure `NotInstalled`; storage failures, after which nothing has changed.
   */
  uninstall(id: string, version: string): Promise<void>
  /** The reference that would keep the content of this entry; undefined when the content would be deleted. */
  keptBy(id: string, version: string): Reference | undefined
}

export interface ContentKeeperDependencies {
  readonly content: Pick<ContentStore, 'removal' | 'forget' | 'remove'>
  readonly library: Pick<Library, 'get' | 'list' | 'remove'>
  published(): PublishedContents
}

export const createContentKeeper = ({ content, library, published }: ContentKeeperDependencies): ContentKeeper => {
  const queue = new PQueue({ concurrency: 1 })
  const holdsByRoot = new Map<string, number>()
  /** Roots uninstalled while held; deleted when the last hold ends. */
  const waiting = new Set<string>()

  const reference = (root: string, excluded?: { id: string; version: string }): Reference | undefined =>
    referenceTo(root, {
      installed: library.list().filter(({ id, version }) => id !== excluded?.id || version !== excluded.version),
      published: published(),
      held: new Set(holdsByRoot.keys()),
    })

  const release = (roots: readonly string[]): void => {
    for (const root of roots) {
      const left = (holdsByRoot.get(root) ?? 1) - 1
      if (left > 0) holdsByRoot.set(root, left)
      else {
        holdsByRoot.delete(root)
        // A storage failure leaves unreferenced content, which does no harm.
        if (waiting.delete(root)) queue.add(() => collect(root)).catch(() => {})
      }
    }
  }

  const collect = async (root: string): Promise<void> => {
    const reason = reference(root)
    if (reason === 'held') waiting.add(root)
    const bytes = textToRoot(root)
    if (reason === undefined && bytes.ok) await content.remove(bytes.value)
  }

  return {
    hold: (roots) =>
      queue.add(async () => {
        const held = [...new Set(roots)]
        for (const root of held) holdsByRoot.set(root, (holdsByRoot.get(root) ?? 0) + 1)
        let isHeld = true
        return () => {
          if (isHeld) release(held)
          isHeld = false
        }
      }),

    uninstall: (id, version) =>
      queue.add(async () => {
        const entry = library.get(id, version)
        if (entry === undefined) throw new Failure('NotInstalled', { code: 'not-installed', package: id, version })
        const reason = reference(entry.root, entry)
        const root = textToRoot(entry.root)
        const removal: Change[] = reason === undefined && root.ok ? await content.removal(root.value) : []
        await library.remove(id, version, removal)
        if (reason === 'held') waiting.add(entry.root)
        if (removal.length > 0 && root.ok) content.forget(root.value)
      }),

    keptBy(id, version) {
      const entry = library.get(id, version)
      return entry === undefined ? undefined : reference(entry.root, entry)
    },
  }
}
