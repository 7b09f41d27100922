import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readBody } from './read-body.ts'

const wanted = new AbortController().signal

const createRequest = () => Object.assign(new EventEmitter(), { headers: {} }) as unknown as IncomingMessage

test('a body is what was sent, however it was cut, and nothing when it is longer than the limit', async () => {
  const chunk = fc.uint8Array({ maxLength: 30_000 }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), fc.nat(100_000), async (chunks, limit) => {
      const request = createRequest()
      const body = readBody(request, limit, wanted)
      for (const each of chunks) request.emit('data', each)
      request.emit('end')
      const whole = Buffer.concat(chunks)
      expect(await body).toEqual(whole.length > limit ? undefined : whole)
    }),
    { seed: 6, numRuns: 200 },
  )
})

test('a body in chunks of one byte takes little more memory than its bytes', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const count = 200_000
  const request = createRequest()
  const before = held()
  const body = readBody(request, count, wanted)
  for (let at = 0; at < count; at += 1) request.emit('data', Buffer.from([at % 256]))
  expect(held() - before).toBeLessThan(4_000_000)
  request.emit('end')
  expect((await body)?.length).toBe(count)
})
