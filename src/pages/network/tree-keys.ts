import type { SpanNode } from './span-tree.ts'

/** What a key does in a tree (WAI-ARIA tree view pattern). */
export type TreeStep = { kind: 'choose'; node: SpanNode } | { kind: 'open' } | { kind: 'close' }

export interface TreeState {
  /** As `shownNodes` lists them. */
  readonly shown: readonly SpanNode[]
  readonly collapsed: ReadonlySet<string>
  readonly chosen: SpanNode
}

/** Undefined for a key that does nothing here. */
export const stepByKey = (key: string, { shown, collapsed, chosen }: TreeState): TreeStep | undefined => {
  const at = shown.indexOf(chosen)
  const isParent = chosen.children.length > 0
  const isOpen = isParent && !collapsed.has(chosen.key)
  switch (key) {
    case 'ArrowDown':
      return chooseAt(shown, at + 1)
    case 'ArrowUp':
      return chooseAt(shown, at - 1)
    case 'Home':
      return chooseAt(shown, 0)
    case 'End':
      return chooseAt(shown, shown.length - 1)
    case 'ArrowRight':
      if (isOpen) return chooseAt(shown, at + 1)
      return isParent ? { kind: 'open' } : undefined
    case 'ArrowLeft':
      return isOpen ? { kind: 'close' } : chooseAt(shown, parentAt(shown, at))
    case 'Enter':
    case ' ':
      return isParent ? { kind: isOpen ? 'close' : 'open' } : undefined
    default:
      return undefined
  }
}

const chooseAt = (shown: readonly SpanNode[], at: number): TreeStep | undefined => {
  const node = shown[at]
  return node === undefined ? undefined : { kind: 'choose', node }
}

/** The nearest node above that is less deep; -1 for the first. */
const parentAt = (shown: readonly SpanNode[], at: number): number => {
  const depth = shown[at]?.depth ?? 0
  return shown.findLastIndex((node, above) => above < at && node.depth < depth)
}
