import { afterEach, expect, test } from 'vitest'
import { untraced } from '../../telemetry/operation.ts'
import { createDhtNetwork } from '../dht-network.ts'
import { createHeadSource } from '../head-source.ts'
import { createEngineNetwork, type EnginePeer, eventually, introduce } from '../network.ts'

/** Pings detect silent peers within 15 s. */
const testMs = 120_000

const network = createEngineNetwork({ seed: 50 })
afterEach(network.stopAll)

const total = async (peer: EnginePeer): Promise<number> => (await peer.search({ text: '' })).total

test(
  'when half of all peers fall silent, search, lookup, install and publish work among the others',
  async ({ signal }) => {
    const peers = await network.startMany(Array.from({ length: 12 }, (_, at) => `peer-${at}`))
    const [author, holder, ...others] = peers
    if (author === undefined || holder === undefined) throw new Error('unreachable')
    await introduce(peers)
    const bytes = new Uint8Array(1_500_000).map((_, at) => (at * 31) % 251)
    const { id } = await author.publish('large', '1.0.0', { 'big.bin': bytes })
    await author.publish('small', '1.0.0')
    await eventually('all know both', async () => (await Promise.all(peers.map(total))).every((n) => n === 2), signal)
    // Five of the six providers are about to fall silent.
    const doomed = [author, ...others.slice(0, 5)]
    await Promise.all([holder, ...others.slice(0, 4)].map((peer) => peer.install([id])))
    network.silence(doomed)
    const [reader, newcomersFriend] = others.slice(5)
    if (reader === undefined || newcomersFriend === undefined) throw new Error('unreachable')

    expect((await reader.search({ text: 'large' })).hits.map((hit) => hit.id)).toEqual([id])
    await reader.install([id])
    expect(await reader.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })
    expect(await reader.lookup(id)).toMatchObject({ found: true })
    // A query for an unknown package ends as well.
    expect(await reader.lookup(`${author.publisherId}/never`)).toMatchObject({ found: false, from: 'none' })

    const newcomer = await network.start('newcomer')
    await newcomer.meet(newcomersFriend)
    await eventually('a newcomer knows both', async () => (await total(newcomer)) === 2, signal)
    await reader.publish('after', '1.0.0')
    const living = [...network.peers()]
    expect(living).toHaveLength(7)
    await eventually(
      'the live peers know the new package',
      async () => (await Promise.all(living.map(total))).every((n) => n === 3),
      signal,
    )
  },
  testMs,
)

test(
  'every live node finds heads in the DHT when half of the nodes are silent',
  async () => {
    const dht = await createDhtNetwork({ nodes: 20, maxConnections: 14, conditions: { delayMs: 5 } })
    try {
      const source = await createHeadSource(5)
      // Several heads, so that for some reader all peers that it queries first are silent.
      const slugs = ['half', 'of', 'them', 'are', 'gone']
      const { signal } = new AbortController()
      for (const slug of slugs)
        await dht.nodes[0]?.heads.put(source.key(slug), await source.value(slug, 3), {
          operation: untraced(signal),
          onConfirmed() {},
        })
      dht.silence(dht.nodes.filter((_, at) => at % 2 === 0))
      expect(dht.alive()).toHaveLength(10)
      for (const slug of slugs) {
        const key = source.key(slug)
        for (const node of dht.alive())
          expect(
            await node.without(key, async () => (await node.heads.get(key, { operation: untraced(signal) }))?.seq),
          ).toBe(3)
      }
    } finally {
      await dht.stop()
    }
  },
  testMs,
)
