import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { rootToText } from '../protocol/ids.ts'
import { untraced } from '../telemetry/operation.ts'
import { createDhtNetwork, type DhtNetwork, type DhtNode } from '../testing/dht-network.ts'
import { createHeadSource } from '../testing/head-source.ts'

/** 20 real kad-dht nodes over the memory transport, 5 ms a message. */

let network: DhtNetwork

beforeAll(async () => {
  network = await createDhtNetwork({ nodes: 20, maxConnections: 14, conditions: { delayMs: 5 } })
})

afterAll(() => network.stop())

const at = (index: number): DhtNode => {
  const node = network.nodes[index]
  if (node === undefined) throw new Error(`There is no node ${index}.`)
  return node
}

const put = (node: DhtNode, key: string, value: Uint8Array): Promise<number> =>
  node.heads.put(key, value, { operation: untraced(), onConfirmed: () => {} })

describe('20 nodes', () => {
  test('every routing table fills', () => {
    expect(Math.min(...network.nodes.map(network.tableSize))).toBeGreaterThanOrEqual(5)
  })

  test('refreshing a routing table of connected peers starts no lookup, which would dial', async () => {
    const { dht } = at(7).node.services
    const lookups = vi.spyOn(Reflect.get(dht, 'peerRouting'), 'getClosestPeers')
    await dht.refreshRoutingTable()
    expect(lookups).not.toHaveBeenCalled()
    lookups.mockRestore()
  })

  test('every node finds a head that one node put', async () => {
    const source = await createHeadSource(1)
    const key = source.key('one')
    expect(await put(at(0), key, await source.value('one', 1))).toBeGreaterThanOrEqual(10)
    for (const node of network.nodes)
      expect((await node.heads.get(key, { operation: untraced() }))?.value).toBe('one 1')
  })

  test('a newer head replaces an older one, which cannot return by a later put', async () => {
    const source = await createHeadSource(2)
    const key = source.key('two')
    await put(at(1), key, await source.value('two', 1))
    await put(at(1), key, await source.value('two', 2))
    await put(at(9), key, await source.value('two', 1)).catch(() => 0)
    for (const node of network.nodes.slice(2, 8))
      expect((await node.heads.get(key, { operation: untraced() }))?.seq).toBe(2)
  })

  test('a lookup of an unknown head ends as absent', async () => {
    const source = await createHeadSource(3)
    expect(await at(4).heads.get(source.key('none'), { operation: untraced() })).toBeUndefined()
    expect(at(4).figures.latest('dht_lookup_duration', 1)).toMatchObject([{ attributes: { outcome: 'absent' } }])
  })

  test('finds the provider of a root', async () => {
    const root = rootToText(new Uint8Array(32).fill(9))
    expect(await at(3).providers.provide(root, untraced())).toBeGreaterThanOrEqual(10)
    for await (const peer of at(15).providers.find(root, untraced())) {
      expect(peer).toBe(at(3).id)
      return
    }
    throw new Error('No provider was found.')
  })

  test('a head does not cross a partition and arrives once it heals', async () => {
    const source = await createHeadSource(4)
    const key = source.key('split')
    network.partition([network.nodes.slice(0, 10), network.nodes.slice(10)])
    const putting = put(at(0), key, await source.value('split', 1))
    expect(await at(12).heads.get(key, { operation: untraced(AbortSignal.timeout(400)) })).toBeUndefined()
    network.heal()
    await putting
    expect((await at(12).heads.get(key, { operation: untraced() }))?.seq).toBe(1)
  })

  // Keep this last: the silenced nodes stay dead.
  test('every live node still finds the head when 20 % of the nodes are silent', async () => {
    const source = await createHeadSource(5)
    const key = source.key('five')
    await put(at(0), key, await source.value('five', 1))
    network.silence([2, 6, 11, 17].map(at))
    for (const node of network.alive()) expect((await node.heads.get(key, { operation: untraced() }))?.seq).toBe(1)
  })
})
