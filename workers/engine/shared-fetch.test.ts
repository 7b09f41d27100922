import { expect, test } from 'vitest'
import { untraced } from '../telemetry/operation.ts'
import { createSharedFetch, type OnProgress } from './shared-fetch.ts'

const wanted = { root: new Uint8Array(32).fill(7), size: 9, fileCount: 1 }

const createFetches = () => {
  const begun: {
    signal: AbortSignal
    onProgress: OnProgress
    end: (bytes: number) => void
    fail: (e: Error) => void
  }[] = []
  const shared = createSharedFetch((_wanted, { signal }, onProgress) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    signal.addEventListener('abort', () => reject(signal.reason))
    begun.push({ signal, onProgress, end: resolve, fail: reject })
    return promise
  })
  return { shared, begun }
}

test('concurrent callers for one content share a fetch, its progress and its result', async () => {
  const { shared, begun } = createFetches()
  const seen: number[][] = [[], []]
  const results = [0, 1].map((n) => shared(wanted, untraced(), (bytes) => seen[n]?.push(bytes)))
  expect(begun).toHaveLength(1)
  begun[0]?.onProgress(5, 1, false)
  begun[0]?.end(9)
  expect(await Promise.all(results)).toEqual([9, 9])
  expect(seen).toEqual([[5], [5]])
})

test('a caller with other expectations of the same root has its own fetch', () => {
  const { shared, begun } = createFetches()
  shared(wanted, untraced(), () => {}).catch(() => {})
  shared({ ...wanted, size: 8 }, untraced(), () => {}).catch(() => {})
  expect(begun).toHaveLength(2)
})

test('a caller that leaves does not stop the others; the last one aborts the fetch', async () => {
  const { shared, begun } = createFetches()
  const [first, second] = [new AbortController(), new AbortController()]
  const results = [first, second].map(({ signal }) => shared(wanted, untraced(signal), () => {}))
  first.abort(new Error('first left'))
  await expect(results[0]).rejects.toThrow('first left')
  expect(begun[0]?.signal.aborted).toBe(false)
  second.abort(new Error('second left'))
  await expect(results[1]).rejects.toThrow('second left')
  expect(begun[0]?.signal.aborted).toBe(true)
})

test('after a result, a failure or an abort, the next caller starts a new fetch', async () => {
  const { shared, begun } = createFetches()
  const failing = shared(wanted, untraced(), () => {})
  begun[0]?.fail(new Error('nobody has it'))
  await expect(failing).rejects.toThrow('nobody has it')
  const leaver = new AbortController()
  const leaving = shared(wanted, untraced(leaver.signal), () => {})
  leaver.abort(new Error('left'))
  const next = shared(wanted, untraced(), () => {})
  await expect(leaving).rejects.toThrow('left')
  begun.at(-1)?.end(1)
  expect(await next).toBe(1)
  expect(begun.length).toBeGreaterThanOrEqual(2)
})
