import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { webSockets } from './web-sockets.ts'

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
  it.each(['listener', 'dialler'])('tells the other side when the %s aborts', async (side) => {
    const listener = await start(['/ip4/127.0.0.1/tcp/0/ws'])
    const dialler = await start([])
    const accepted = new Promise((resolve) => listener.addEventListener('connection:open', resolve, { once: true }))
    await dialler.dial(listener.getMultiaddrs())
    await accepted
    const [aborting, other] = side === 'listener' ? [listener, dialler] : [dialler, listener]
    const told = closed(other)
    for (const connection of aborting.getConnections()) connection.abort(new Error('enough'))
    await told
    expect(other.getConnections()).toEqual([])
  })

  it('sends each frame of noise, its length and its bytes, as one message', async () => {
    const listener = await start(['/ip4/127.0.0.1/tcp/0/ws'])
    const dialler = await start([])
    const sent = vi.spyOn(WebSocket.prototype, 'send')
    onTestFinished(() => sent.mockRestore())
    const connection = await dialler.dial(listener.getMultiaddrs())
    // The handshake follows the agreement on noise, which has frames of another kind.
    sent.mockClear()
    await connection.newStream('/nobody/has/this').catch(() => {})
    const messages = sent.mock.calls.map(([message]) => Buffer.from(message as ArrayBuffer))
    expect(messages.length).toBeGreaterThan(0)
    for (const message of messages) expect(message.readUInt16BE()).toBe(message.length - 2)
  })
})
