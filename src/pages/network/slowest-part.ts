import type { SpanView } from '../../../workers/contract/telemetry-views.ts'
import type { SpanNode } from './span-tree.ts'

/**
 * Where the time of a trace went: each moment of its first span is attributed to the span that was waited for then, so
 * that the attributed times add up to the whole. A span gets only time that none of its children covers.
 *
 * Of children that ran side by side, the one that ended last was waited for. A child that outlives its parent was not
 * waited for, so it gets only what no other child covers.
 */

/** The kind of step that took the most time. */
export interface SlowestPart {
  /** Name of its spans. */
  readonly name: string
  /** Time attributed to all of them (ms). */
  readonly ms: number
  /** The same as a share of the whole, 0 to 1. */
  readonly share: number
  /** How many of them were waited for. */
  readonly count: number
  /** The one of them that took the most. */
  readonly longest: { readonly span: SpanView; readonly ms: number }
  /** True for the first span itself: none of its recorded steps took that time. */
  readonly isWhole: boolean
}

/** Undefined for a trace that took no time. */
export const findSlowestPart = (root: SpanNode): SlowestPart | undefined => {
  const whole = root.endMs - root.startMs
  if (!(whole > 0)) return undefined
  const parts = new Map<string, { ms: number; count: number; longest: { node: SpanNode; ms: number } }>()
  for (const [node, ms] of attributeTime(root)) {
    // The first span stands for itself, whatever the names below it.
    const key = node === root ? '' : node.span.name
    const part = parts.get(key)
    if (part === undefined) {
      parts.set(key, { ms, count: 1, longest: { node, ms } })
      continue
    }
    part.ms += ms
    part.count += 1
    if (ms > part.longest.ms) part.longest = { node, ms }
  }
  const [most] = [...parts.values()].sort((a, b) => b.ms - a.ms)
  if (most === undefined) return undefined
  const { ms, count, longest } = most
  const { span } = longest.node
  return {
    name: span.name,
    ms,
    share: Math.min(1, ms / whole),
    count,
    longest: { span, ms: longest.ms },
    isWhole: longest.node === root,
  }
}

/** The time (ms, more than 0) of each span that was waited for. */
export const attributeTime = (root: SpanNode): ReadonlyMap<SpanNode, number> => {
  const msByNode = new Map<SpanNode, number>()
  const open: { node: SpanNode; from: number; to: number }[] = [{ node: root, from: root.startMs, to: root.endMs }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, from, to } = next
    let own = 0
    const { awaited, outliving } = childrenOf(node)
    for (const gap of cover(awaited, from, to, open))
      for (const rest of cover(outliving, gap.from, gap.to, open)) own += rest.to - rest.from
    if (own > 0) msByNode.set(node, (msByNode.get(node) ?? 0) + own)
  }
  return msByNode
}

/** Clocks of two spans are read one after the other (ms). */
const toleranceMs = 1

const childrenOf = ({ children, endMs }: SpanNode) => {
  const awaited: SpanNode[] = []
  const outliving: SpanNode[] = []
  for (const child of children) (child.endMs > endMs + toleranceMs ? outliving : awaited).push(child)
  return { awaited, outliving }
}

/** Walks back from `to`, adds what each child covers to `open`, and returns the gaps that none covers. */
const cover = (
  children: readonly SpanNode[],
  from: number,
  to: number,
  open: { node: SpanNode; from: number; to: number }[],
): { from: number; to: number }[] => {
  const gaps: { from: number; to: number }[] = []
  let until = to
  while (until > from) {
    const last = lastBefore(children, from, until)
    const end = last === undefined ? from : Math.min(last.endMs, until)
    if (end < until) gaps.push({ from: end, to: until })
    if (last === undefined) break
    const start = Math.max(last.startMs, from)
    open.push({ node: last, from: start, to: end })
    until = start
  }
  return gaps
}

/** The child that is the last to end before `until`; of those that still run then, the one that began first. */
const lastBefore = (children: readonly SpanNode[], from: number, until: number): SpanNode | undefined => {
  let last: SpanNode | undefined
  for (const child of children) {
    if (child.startMs >= until || child.endMs <= from || child.endMs <= child.startMs) continue
    if (last === undefined) {
      last = child
      continue
    }
    const later = Math.min(child.endMs, until) - Math.min(last.endMs, until)
    if (later > 0 || (later === 0 && child.startMs < last.startMs)) last = child
  }
  return last
}
