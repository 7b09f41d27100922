import { lpStream, multiaddrConnectionPair, streamPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect, test, vi } from 'vitest'

/** Patches of libp2p (`patches/README.md`) that other tests do not cover. */

test('a length-prefixed read fails at an oversized length while the stream stays open', async () => {
  const [outbound, inbound] = await streamPair()
  const reading = lpStream(inbound).read({ signal: AbortSignal.timeout(60_000) })
  outbound.send(new Uint8Array(100).fill(0xff))
  await expect(reading).rejects.toBeInstanceOf(RangeError)
  // Its own limit allows one byte.
  const [outbound2, inbound2] = await streamPair()
  const limited = lpStream(inbound2, { maxDataLength: 100 }).read({ signal: AbortSignal.timeout(60_000) })
  outbound2.send(Uint8Array.of(0xff))
  await expect(limited).rejects.toBeInstanceOf(RangeError)
})

test('a yamux stream opened while its connection breaks is aborted without an uncaught error', async () => {
  const [outbound] = multiaddrConnectionPair()
  const muxer = yamux()().createStreamMuxer(outbound)
  outbound.send = () => {
    throw new Error('closed')
  }
  const tasks: (() => void)[] = []
  const queue = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => void tasks.push(task))
  const opening = muxer.createStream()
  queue.mockRestore()
  for (const task of tasks) task()
  expect((await opening).status).toBe('aborted')
  expect(tasks).not.toEqual([])
})

test('a yamux stream updates its window when half of it is used up, not after each message', async () => {
  const [outbound, inbound] = multiaddrConnectionPair()
  const create = yamux()()
  const sender = create.createStreamMuxer(outbound)
  const receiver = create.createStreamMuxer(inbound)
  let received = 0
  receiver.addEventListener('stream', ({ detail: stream }) => {
    stream.addEventListener('message', ({ data }) => {
      received += data.byteLength
    })
  })
  const stream = await sender.createStream()
  const message = new Uint8Array(1_000)
  stream.send(message)
  await vi.waitFor(() => expect(received).toBe(1_000))

  const updates: number[] = []
  outbound.addEventListener('message', ({ data }) => updates.push(data.byteLength))
  for (let count = 1; count <= 100; count += 1) stream.send(message)
  await vi.waitFor(() => expect(received).toBe(101_000))
  expect(updates).toEqual([])

  // More than the 256 KiB window, which requires updates.
  for (let count = 1; count <= 1_000; count += 1) stream.send(message)
  await vi.waitFor(() => expect(received).toBe(1_101_000))
  expect(updates.length).toBeGreaterThan(0)
  expect(updates.length).toBeLessThan(12)
  sender.abort(new Error('done'))
  receiver.abort(new Error('done'))
})
