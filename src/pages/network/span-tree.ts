import type { SpanView, TraceView } from '../../../workers/contract/telemetry-views.ts'

/** A span with the spans that it started. Total over any trace: every span is in the tree exactly once. */
export interface SpanNode {
  /** Unique in the tree, also if span ids are not. */
  readonly key: string
  readonly span: SpanView
  /** 1 for the first span. */
  readonly depth: number
  /** After the start of the trace (ms), finite. */
  readonly startMs: number
  readonly endMs: number
  readonly children: readonly SpanNode[]
}

interface OpenNode extends SpanNode {
  depth: number
  readonly children: OpenNode[]
}

/**
 * The tree of a trace; undefined without spans. A span whose parent is missing (it was not recorded), or that is part
 * of a circle, becomes a child of the first span.
 */
export const toSpanTree = ({ spans }: Pick<TraceView, 'spans'>): SpanNode | undefined => {
  const nodes = spans.map(toNode)
  const root = nodes.find(({ span }) => span.parentId === undefined) ?? nodes[0]
  if (root === undefined) return undefined
  const nodeById = new Map(nodes.map((node) => [node.span.spanId, node]))
  for (const node of nodes) if (node !== root) parentOf(node, nodeById, root).children.push(node)
  const reached = setDepths(root)
  for (const node of nodes) {
    if (reached.has(node)) continue
    node.children.splice(0)
    root.children.push({ ...node, depth: 2 })
  }
  for (const { children } of [root, ...reached]) children.sort((a, b) => a.startMs - b.startMs)
  return root
}

const toNode = (span: SpanView, at: number): OpenNode => {
  const startMs = finite(span.startMs)
  return {
    key: String(at),
    span,
    depth: 1,
    startMs,
    endMs: startMs + Math.max(0, finite(span.durationMs)),
    children: [],
  }
}

const parentOf = ({ span }: OpenNode, nodeById: ReadonlyMap<string, OpenNode>, root: OpenNode): OpenNode =>
  (span.parentId === undefined ? undefined : nodeById.get(span.parentId)) ?? root

/** Sets the depth of all nodes below `root`, and returns the nodes that can be reached from it. */
const setDepths = (root: OpenNode): ReadonlySet<OpenNode> => {
  const reached = new Set([root])
  // A set may grow while it is walked.
  for (const node of reached) {
    for (const child of node.children) {
      child.depth = node.depth + 1
      reached.add(child)
    }
  }
  return reached
}

/** Longer than any trace (ms: a year), and small enough that sums stay finite. */
const longestMs = 31_557_600_000

const finite = (value: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(value, -longestMs), longestMs) : 0

/** The nodes that are shown when those with a key in `collapsed` hide what is below them, in the order of a list. */
export const shownNodes = (root: SpanNode, collapsed: ReadonlySet<string>): SpanNode[] => {
  const shown: SpanNode[] = []
  const open = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    shown.push(node)
    if (!collapsed.has(node.key)) open.push(...[...node.children].reverse())
  }
  return shown
}

/** The node and all below it, in the order of a list. */
export const nodesBelow = (root: SpanNode): SpanNode[] => shownNodes(root, new Set())

/** Steps that are all shown at once: about a window full. */
const maxOpen = 60

/** The nodes that are closed at first: in a large trace those below the first level, except on the way to `open`. */
export const startCollapsed = (root: SpanNode, open: SpanNode): ReadonlySet<string> => {
  const nodes = nodesBelow(root)
  if (nodes.length <= maxOpen) return new Set()
  const isOnWay = (node: SpanNode): boolean => nodesBelow(node).includes(open)
  return new Set(
    nodes.filter((node) => node.depth >= 2 && node.children.length > 0 && !isOnWay(node)).map(({ key }) => key),
  )
}
