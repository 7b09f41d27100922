import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SpanView } from '../../../workers/contract/telemetry-views.ts'
import { attributeTime, findSlowestPart } from './slowest-part.ts'
import { type SpanNode, toSpanTree } from './span-tree.ts'

const span = (
  spanId: string,
  parentId: string | undefined,
  name: string,
  startMs: number,
  endMs: number,
): SpanView => ({
  spanId,
  ...(parentId === undefined ? {} : { parentId }),
  name,
  startMs,
  durationMs: endMs - startMs,
  attributes: {},
  failed: false,
})

const treeOf = (spans: SpanView[]): SpanNode => {
  const root = toSpanTree({ spans })
  if (root === undefined) throw new Error('The trace has no spans.')
  return root
}

const slowest = (...spans: SpanView[]) => findSlowestPart(treeOf(spans))

const nodesOf = (node: SpanNode): SpanNode[] => [node, ...node.children.flatMap(nodesOf)]

/** Length of the time that `intervals` cover within [from, to]. */
const covered = (intervals: readonly { startMs: number; endMs: number }[], from: number, to: number): number => {
  let sum = 0
  let reached = from
  for (const { startMs, endMs } of [...intervals].sort((a, b) => a.startMs - b.startMs)) {
    const start = Math.max(reached, startMs)
    const end = Math.min(to, endMs)
    if (end > start) sum += end - start
    reached = Math.max(reached, end)
  }
  return sum
}

const uncovered = ({ startMs, endMs, children }: SpanNode): number =>
  endMs - startMs - covered(children, startMs, endMs)

/** A trace whose spans have any times and any parent among the earlier ones. */
const anyTrace = fc
  .array(
    fc.record({ parent: fc.nat(), name: fc.constantFrom('a', 'b', 'c'), start: fc.nat(1_000), length: fc.nat(1_000) }),
    { maxLength: 30 },
  )
  .map((parts) => [
    span('0', undefined, 'root', 0, 1_000),
    ...parts.map(({ parent, name, start, length }, at) =>
      span(String(at + 1), String(parent % (at + 1)), name, start, start + length),
    ),
  ])

interface Shape {
  weight: number
  children: Shape[]
}

const part = fc.integer({ min: 1, max: 100 })

/** A trace whose children lie one after the other inside their parent. */
const sequentialTrace = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 4 },
    fc.record({ weight: part, children: fc.constant<Shape[]>([]) }),
    fc.record({ weight: part, children: fc.array(tie('shape'), { maxLength: 3 }) }),
  ),
})).shape

/** Lays out a shape: each part works for its weight, then its children run. */
const layOut = (shape: Shape): SpanView[] => {
  const spans: SpanView[] = []
  const place = (part: Shape, parentId: string | undefined, start: number): number => {
    const spanId = String(spans.length)
    const at = spans.push(span(spanId, parentId, `step-${spanId}`, start, start)) - 1
    let end = start + part.weight
    for (const child of part.children) end = place(child, spanId, end)
    spans[at] = span(spanId, parentId, `step-${spanId}`, start, end)
    return end
  }
  place(shape, undefined, 0)
  return spans
}

describe('time is attributed', () => {
  test('completely: the parts add up to the whole', () => {
    fc.assert(
      fc.property(anyTrace, (spans) => {
        const root = treeOf(spans)
        const sum = [...attributeTime(root).values()].reduce((total, ms) => total + ms, 0)
        expect(sum).toBeCloseTo(root.endMs - root.startMs, 6)
      }),
    )
  })

  test('to a span only where none of its children covers it', () => {
    fc.assert(
      fc.property(anyTrace, (spans) => {
        for (const [node, ms] of attributeTime(treeOf(spans))) expect(ms).toBeLessThanOrEqual(uncovered(node) + 1e-6)
      }),
    )
  })

  test('exactly so when the children run one after the other', () => {
    fc.assert(
      fc.property(sequentialTrace, (shape) => {
        const root = treeOf(layOut(shape))
        const attributed = attributeTime(root)
        for (const node of nodesOf(root)) expect(attributed.get(node) ?? 0).toBeCloseTo(uncovered(node), 6)
      }),
    )
  })
})

describe('the slowest part', () => {
  test('is the step with the largest share', () => {
    fc.assert(
      fc.property(anyTrace, (spans) => {
        const root = treeOf(spans)
        const part = findSlowestPart(root)
        const sums = new Map<string, number>()
        for (const [node, ms] of attributeTime(root)) {
          const name = node === root ? 'root' : node.span.name
          sums.set(name, (sums.get(name) ?? 0) + ms)
        }
        const most = Math.max(...sums.values())
        expect(part?.ms).toBeCloseTo(most, 6)
        expect(sums.get(part?.name ?? '')).toBeCloseTo(most, 6)
        expect(part?.share).toBeCloseTo(most / 1_000, 6)
        expect(part?.longest.ms ?? Number.NaN).toBeLessThanOrEqual(most + 1e-6)
      }),
    )
  })

  test('of sequential steps is the one with the most time not covered by its children', () => {
    fc.assert(
      fc.property(sequentialTrace, (shape) => {
        const root = treeOf(layOut(shape))
        const most = Math.max(...nodesOf(root).map(uncovered))
        expect(findSlowestPart(root)?.longest.ms).toBeCloseTo(most, 6)
      }),
    )
  })

  test('of parallel requests is the one that was waited for to the end', () => {
    const part = slowest(
      span('r', undefined, 'fetch', 0, 1_000),
      span('a', 'r', 'piece_source', 0, 400),
      span('b', 'r', 'piece_source', 0, 990),
      span('c', 'r', 'piece_source', 10, 700),
    )
    expect(part).toMatchObject({ name: 'piece_source', ms: 990, count: 1, isWhole: false })
    expect(part?.longest.span.spanId).toBe('b')
  })

  test('is not a request that nobody waited for', () => {
    const part = slowest(
      span('r', undefined, 'dht_query', 0, 200),
      span('a', 'r', 'answered', 0, 190),
      span('b', 'r', 'silent', 0, 1_500),
    )
    expect(part).toMatchObject({ name: 'answered', ms: 190 })
  })

  test('is a request that outlived the operation, if nothing else ran: it gave up waiting', () => {
    const part = slowest(span('r', undefined, 'lookup', 0, 200), span('b', 'r', 'silent', 5, 1_500))
    expect(part).toMatchObject({ name: 'silent', ms: 195 })
  })

  test('is the operation itself if no step took that time', () => {
    expect(slowest(span('r', undefined, 'publish', 0, 200), span('a', 'r', 'check', 0, 20))).toMatchObject({
      name: 'publish',
      isWhole: true,
      ms: 180,
    })
  })

  test('is unknown for an operation that took no time', () => {
    expect(slowest(span('r', undefined, 'search', 0, 0))).toBeUndefined()
  })
})
