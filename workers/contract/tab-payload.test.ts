import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES, createAssembly, createOutflow, takeApart } from './tab-payload.ts'

const seed = 3

/** Sends a value like tabs do: each chunk confirmed, every message cloned. */
const carry = (value: unknown): { value: unknown; chunks: number[] } => {
  const { shape, parts, bytes } = takeApart(value)
  const assembly = createAssembly(structuredClone(shape), structuredClone(parts))
  const posted: Uint8Array[] = []
  const chunks: number[] = []
  const outflow = createOutflow(bytes, (chunk) => posted.push(structuredClone(chunk)))
  for (let chunk = posted.shift(); chunk !== undefined; chunk = posted.shift()) {
    chunks.push(chunk.byteLength)
    expect(assembly.add(chunk)).toBe(true)
    outflow.confirm(assembly.received())
  }
  expect(assembly.isWhole()).toBe(true)
  return { value: assembly.value()?.value, chunks }
}

describe('bytes between tabs', () => {
  test('arrive at their places in any value', () => {
    const leaf = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.string(), fc.integer(), fc.constant(null))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree')), fc.dictionary(fc.string(), tie('tree'))),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(carry(value).value).toEqual(structuredClone(value))
      }),
      { seed, numRuns: 500 },
    )
  })

  test('are sent in chunks of bounded size, small files together', () => {
    const files = Array.from({ length: 300 }, (_, at) => ({ path: `${at}`, bytes: new Uint8Array(at * 50).fill(at) }))
    files.push({ path: 'big', bytes: new Uint8Array(3 * CHUNK_BYTES + 5).fill(9) })
    const { value, chunks } = carry([files, { folder: 'f' }])
    const [arrived] = value as [typeof files]
    expect(arrived.map(({ path }) => path)).toEqual(files.map(({ path }) => path))
    expect(arrived.every(({ bytes }, at) => Buffer.compare(bytes, files[at]?.bytes ?? new Uint8Array()) === 0)).toBe(
      true,
    )
    expect(Math.max(...chunks)).toBe(CHUNK_BYTES)
    expect(chunks.length).toBe(6)
  })

  test('wait while the receiver confirms nothing', () => {
    let posted = 0
    const outflow = createOutflow([new Uint8Array(50 * CHUNK_BYTES)], () => {
      posted += 1
    })
    expect(posted).toBe(8)
    expect(outflow.confirm(2 * CHUNK_BYTES)).toBe(false)
    expect(posted).toBe(10)
    // An old or false confirmation does not change the count.
    outflow.confirm(CHUNK_BYTES)
    expect(posted).toBe(10)
  })

  test('are rejected when there are more than announced, or for a place that does not exist', () => {
    expect(createAssembly([null], [{ path: [0], size: 1 }]).add(new Uint8Array(2))).toBe(false)
    for (const path of [['__proto__', 'a'], [1], ['a', 'b'], []])
      expect(createAssembly(['text'], [{ path, size: 0 }]).value()).toBeUndefined()
  })
})
