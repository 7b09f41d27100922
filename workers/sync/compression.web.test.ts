import { afterEach, expect, test } from 'vitest'
import { deflate, inflate } from './compression.ts'

/** In a browser, because Chromium inflates a whole chunk whether anything reads it or not. */

const Original = globalThis.DecompressionStream
afterEach(() => {
  globalThis.DecompressionStream = Original
})

test('inflates deflated bytes', async () => {
  const bytes = new Uint8Array(50_000).map((_, at) => (at * at) >> 3)
  expect(await inflate(await deflate(bytes), bytes.length)).toEqual(bytes)
  await expect(inflate(new Uint8Array(100).fill(0xff), 100)).rejects.toMatchObject({ name: 'RecordMalformed' })
})

test('a bomb with a false size inflates to little more than it declares', async () => {
  const zeros = new Blob([new Uint8Array(50_000_000)]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const bomb = new Uint8Array(await new Response(zeros).arrayBuffer())
  expect(bomb.length).toBeGreaterThan(40_000)
  let handedIn = 0
  globalThis.DecompressionStream = class extends Original {
    constructor(format: CompressionFormat) {
      super(format)
      const counted = new TransformStream<BufferSource, BufferSource>({
        transform(chunk, controller) {
          handedIn += chunk.byteLength
          controller.enqueue(chunk)
        },
      })
      void counted.readable.pipeTo(this.writable).catch(() => {})
      Object.defineProperty(this, 'writable', { value: counted.writable })
    }
  }
  await expect(inflate(bomb, 1000)).rejects.toMatchObject({ name: 'RecordTooLarge' })
  // 1,032 to 1 at most: a few megabytes, not fifty.
  expect(handedIn).toBeGreaterThan(0)
  expect(handedIn).toBeLessThan(8192)
})
