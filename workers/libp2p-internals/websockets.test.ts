import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { webSockets } from './websockets.ts'

const nodes: Libp2p[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

const start = async (listen: string[]): Promise<Libp2p> => {
  const node = await createLibp2p({
    addresses: { listen },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
  nodes.push(node)
  return node
}

const closed = (node: Libp2p): Promise<unknown> =>
  new Promise((resolve) => node.addEventListener('connection:close', resolve, { once: true }))

describe('webSockets', () => {
  it.each(['listener', 'dialler'])('closes the other side when the %s aborts', async (side) => {
    const listener = await start(['/ip4/127.0.0.1/tcp/0/ws'])
    const dialler = await start([])
    const accepted = new Promise((resolve) => listener.addEventListener('connection:open', resolve, { once: true }))
    await dialler.dial(listener.getMultiaddrs())
    await accepted
    const [aborting, other] = side === 'listener' ? [listener, dialler] : [dialler, listener]
    const otherClosed = closed(other)
    for (const connection of aborting.getConnections()) connection.abort(new Error('enough'))
    await otherClosed
    expect(other.getConnections()).toEqual([])
  })

  it('joins the data of one microtask into one message of whole frames', async () => {
    const listener = await start(['/ip4/127.0.0.1/tcp/0/ws'])
    const dialler = await start([])
    const sent = vi.spyOn(WebSocket.prototype, 'send')
    onTestFinished(() => sent.mockRestore())
    const connection = await dialler.dial(listener.getMultiaddrs())
    // Ignore the negotiation of noise and its handshake, which have other frames.
    sent.mockClear()
    await connection.newStream('/nobody/has/this').catch(() => {})
    const messages = sent.mock.calls.map(([message]) => Buffer.from(message as ArrayBuffer))
    const frames = messages.map(framesIn)
    expect(frames).not.toContain(undefined)
    // Opens the stream and names its protocol.
    expect(frames[0]).toBeGreaterThan(1)
  })

  it('delivers all data sent before a close in order', async () => {
    const listener = await start(['/ip4/127.0.0.1/tcp/0/ws'])
    const dialler = await start([])
    const got = Promise.withResolvers<Uint8Array>()
    await listener.handle('/take', async (stream) => {
      const bytes = new Uint8ArrayList()
      for await (const part of stream) bytes.append(part)
      got.resolve(bytes.subarray())
    })
    const stream = await (await dialler.dial(listener.getMultiaddrs())).newStream('/take')
    // More than the connection's buffer, so that it fills up and drains.
    const parts = Array.from({ length: 400 }, (_, n) => new Uint8Array(n % 2 === 0 ? 10 : 60_000).fill(n))
    for (const part of parts) if (!stream.send(part)) await stream.onDrain()
    await stream.close()
    expect(Buffer.compare(await got.promise, Buffer.concat(parts))).toBe(0)
  })
})

/** Number of noise frames in a message; undefined unless all are complete. */
const framesIn = (message: Buffer): number | undefined => {
  let at = 0
  let count = 0
  for (; at + 2 <= message.length; count += 1) at += 2 + message.readUInt16BE(at)
  return at === message.length ? count : undefined
}
