import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, expect, test, vi } from 'vitest'
import { createHeadValidator } from './head-validator.ts'
import { routingTableSize } from './routing-table.ts'
import { type StackServices, stackServices } from './services.ts'
import { webCrypto } from './web-crypto.ts'

const nodes: Libp2p[] = []
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
})

const start = async (address: string): Promise<Libp2p<StackServices>> => {
  const node = await createLibp2p<StackServices>({
    addresses: { listen: [address] },
    transports: [memory()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: stackServices({ heads: createHeadValidator(webCrypto) }),
  })
  nodes.push(node)
  return node
}

test('concurrent pings to one peer all succeed and keep the connection open', async () => {
  const [one, two] = await Promise.all([start('/memory/pings-one'), start('/memory/pings-two')])
  const connection = await one.dial(two.getMultiaddrs())
  const pings = await Promise.allSettled([1, 2, 3].map(() => one.services.ping.ping(two.peerId)))
  expect(pings.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  expect(connection.status).toBe('open')
})

test('a freshly connected peer enters the routing table without a ping', async () => {
  const [one, two] = await Promise.all([start('/memory/fresh-one'), start('/memory/fresh-two')])
  const ping = vi.spyOn(one.services.ping, 'ping')
  await one.dial(two.getMultiaddrs())
  await vi.waitFor(() => expect(routingTableSize(one.services.dht)).toBe(1))
  expect(ping).not.toHaveBeenCalled()
})
