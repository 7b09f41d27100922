import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
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
})
