import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect, test, vi } from 'vitest'

/** See `scripts/patch-libp2p.mjs`. */
test('yamux tells how much it can take when half of the window is used up, and not after each message', async () => {
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

  // More than the window of 256 KiB passes, so updates do come.
  for (let count = 1; count <= 1_000; count += 1) stream.send(message)
  await vi.waitFor(() => expect(received).toBe(1_101_000))
  expect(updates.length).toBeGreaterThan(0)
  expect(updates.length).toBeLessThan(12)
  sender.abort(new Error('done'))
  receiver.abort(new Error('done'))
})
