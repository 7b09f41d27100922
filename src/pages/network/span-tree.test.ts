import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SpanView } from '../../../workers/contract/telemetry-views.ts'
import { type SpanNode, shownNodes, toSpanTree } from './span-tree.ts'

const span = (spanId: string, parentId?: string, startMs = 0): SpanView => ({
  spanId,
  ...(parentId === undefined ? {} : { parentId }),
  name: `step-${spanId}`,
  startMs,
  durationMs: 1,
  attributes: {},
  failed: false,
})

const nodesOf = (node: SpanNode): SpanNode[] => [node, ...node.children.flatMap(nodesOf)]

/** Parents that are missing, circular or the span itself, ids that repeat, and times that are no numbers. */
const hostileSpans = fc.array(
  fc.record(
    {
      spanId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      parentId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'missing'),
      name: fc.string(),
      startMs: fc.double(),
      durationMs: fc.double(),
      attributes: fc.constant({}),
      failed: fc.boolean(),
    },
    { requiredKeys: ['spanId', 'name', 'startMs', 'durationMs', 'attributes', 'failed'] },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<SpanView[]>

test('every span of any trace is in the tree once, with finite times', () => {
  fc.assert(
    fc.property(hostileSpans, (spans) => {
      const root = toSpanTree({ spans })
      if (root === undefined) {
        expect(spans).toEqual([])
        return
      }
      const nodes = nodesOf(root)
      expect(nodes).toHaveLength(spans.length)
      expect(new Set(nodes.map(({ span }) => span)).size).toBe(spans.length)
      expect(new Set(nodes.map(({ key }) => key)).size).toBe(spans.length)
      for (const { startMs, endMs, depth, children } of nodes) {
        expect(Number.isFinite(startMs) && Number.isFinite(endMs)).toBe(true)
        expect(endMs).toBeGreaterThanOrEqual(startMs)
        for (const child of children) expect(child.depth).toBe(depth + 1)
      }
      expect(shownNodes(root, new Set()).map(({ key }) => key)).toEqual(nodes.map(({ key }) => key))
    }),
  )
})

test('children are below their parent, in the order of their start', () => {
  const root = toSpanTree({ spans: [span('r'), span('b', 'r', 5), span('a', 'r', 2), span('c', 'a', 3)] })
  expect(root?.children.map(({ span }) => span.spanId)).toEqual(['a', 'b'])
  expect(root?.children[0]?.children.map(({ span, depth }) => [span.spanId, depth])).toEqual([['c', 3]])
})

test('a span whose parent was not recorded is below the first', () => {
  const root = toSpanTree({ spans: [span('r'), span('a', 'dropped')] })
  expect(root?.children.map(({ span }) => span.spanId)).toEqual(['a'])
})

test('a collapsed span hides what is below it', () => {
  const root = toSpanTree({ spans: [span('r'), span('a', 'r', 1), span('b', 'a', 2), span('c', 'r', 3)] })
  if (root === undefined) throw new Error('The trace has no spans.')
  const shown = (...collapsed: string[]): string[] =>
    shownNodes(root, new Set(collapsed)).map(({ span }) => span.spanId)
  expect(shown()).toEqual(['r', 'a', 'b', 'c'])
  expect(shown(root.children[0]?.key ?? '')).toEqual(['r', 'a', 'c'])
  expect(shown(root.key)).toEqual(['r'])
})
