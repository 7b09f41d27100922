import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import { createLibp2p } from 'libp2p'
import { beforeAll, describe, expect, test } from 'vitest'
import { createBoundedDatastore } from './bounded-datastore.ts'
import { cachePeers } from './peer-store-cache.ts'
import { silentLogger } from './silent-logger.ts'

let peers: PeerId[]

beforeAll(async () => {
  const create = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  peers = await Promise.all([create(), create(), create()])
})

/** A real peer store, which counts how often it is written and read. */
const compose = async ({ cached = true, maxPeers = 10 } = {}) => {
  const datastore = createBoundedDatastore({ maxBytes: 1e6, maxEntries: 1_000 })
  const counts = { writes: 0, reads: 0, updates: 0 }
  const { put, get } = datastore
  datastore.put = (...args) => {
    counts.writes += 1
    return put(...args)
  }
  datastore.get = (...args) => {
    counts.reads += 1
    return get(...args)
  }
  const node = await createLibp2p({ start: false, datastore, logger: silentLogger })
  const { peerStore: store } = node
  node.addEventListener('peer:update', () => {
    counts.updates += 1
  })
  let time = 0
  if (cached) cachePeers(store, { maxPeers, now: () => time })
  const pass = (ms: number): void => {
    time += ms
  }
  const reset = (): void => void Object.assign(counts, { writes: 0, reads: 0, updates: 0 })
  return { store, counts, pass, reset }
}

const peer = (n = 0): PeerId => {
  const found = peers[n]
  if (found === undefined) throw new Error(`No peer ${n}.`)
  return found
}

const address = multiaddr('/ip4/127.0.0.1/tcp/4001/ws')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a cached peer store', () => {
  test('does not write or announce what it has', async () => {
    const { store, counts, reset } = await compose()
    await store.patch(peer(), { multiaddrs: [address], protocols: ['/a', '/b'], metadata: { agent: bytes('x') } })
    await store.merge(peer(), { tags: { useful: { value: 5 } } })
    reset()
    const results = [
      await store.merge(peer(), { protocols: ['/a'] }),
      await store.merge(peer(), { protocols: ['/b', '/a'] }),
      await store.merge(peer(), { metadata: new Map([['agent', bytes('x')]]) }),
      await store.merge(peer(), { tags: { useful: { value: 5 }, absent: undefined } }),
      await store.get(peer()),
    ]
    expect(counts).toEqual({ writes: 0, reads: 0, updates: 0 })
    for (const each of results) expect(each).toEqual(results[0])
    expect(results[0]).toMatchObject({ protocols: ['/a', '/b'], tags: new Map([['useful', { value: 5 }]]) })
  })

  test('writes what is new', async () => {
    const { store, counts, reset } = await compose()
    await store.patch(peer(), { protocols: ['/a'], metadata: { agent: bytes('x') }, tags: { useful: { value: 5 } } })
    for (const change of [
      { protocols: ['/a', '/c'] },
      { metadata: { agent: bytes('y') } },
      { metadata: { other: bytes('x') } },
      { tags: { useful: { value: 6 } } },
      { tags: { useful: undefined } },
      { multiaddrs: [address] },
    ]) {
      reset()
      await store.merge(peer(), change)
      expect([change, counts.writes]).toEqual([change, 1])
    }
    expect(await store.get(peer())).toMatchObject({ protocols: ['/a', '/c'], addresses: [{ multiaddr: address }] })
  })

  test('reads the store again after a minute, and for tags that expire', async () => {
    const { store, counts, pass, reset } = await compose()
    await store.merge(peer(), { protocols: ['/a'] })
    reset()
    pass(60_000)
    await store.merge(peer(), { protocols: ['/a'] })
    expect(counts).toMatchObject({ writes: 1, updates: 0 })
    await store.merge(peer(), { tags: { relay: { value: 1, ttl: 10_000 } } })
    reset()
    await store.get(peer())
    await store.merge(peer(), { protocols: ['/a'] })
    expect(counts).toMatchObject({ writes: 1, reads: 2 })
  })

  test('forgets deleted peers and those that are not used', async () => {
    const { store, counts, reset } = await compose({ maxPeers: 2 })
    await store.merge(peer(), { protocols: ['/a'] })
    await store.delete(peer())
    await expect(store.get(peer())).rejects.toThrow()
    for (const each of peers) await store.merge(each, { protocols: ['/a'] })
    reset()
    await store.get(peer(2))
    await store.get(peer(1))
    expect(counts.reads).toBe(0)
    await store.get(peer(0))
    expect(counts.reads).toBe(1)
  })

  test('is not changed by what callers do with an answer', async () => {
    const { store } = await compose()
    const written = await store.merge(peer(), { protocols: ['/a'], tags: { useful: { value: 5 } } })
    for (const each of [written, await store.get(peer()), await store.get(peer())]) {
      each.protocols.push('/b')
      each.tags.clear()
    }
    expect(await store.get(peer())).toMatchObject({ protocols: ['/a'], tags: new Map([['useful', { value: 5 }]]) })
  })

  test('ends like a stock store after any operations at once', async () => {
    const protocols = fc.uniqueArray(fc.constantFrom('/a', '/b', '/c'), { maxLength: 3 })
    const tags = fc.dictionary(
      fc.constantFrom('x', 'y'),
      fc.option(fc.record({ value: fc.nat(2) }), { nil: undefined }),
    )
    const data = fc.record({ protocols, tags }, { requiredKeys: [] })
    const operation = fc.tuple(fc.constantFrom('merge', 'patch', 'get', 'delete'), fc.nat(1), data, fc.boolean())
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const ends = []
        for (const cached of [true, false]) {
          const { store } = await compose({ cached, maxPeers: 1 })
          let running: Promise<unknown>[] = []
          for (const [kind, n, change, waits] of operations) {
            // A stock store deletes under a read lock, so a deletion beside a write has no defined end.
            if (kind === 'delete') await Promise.all(running)
            const run = kind === 'merge' || kind === 'patch' ? store[kind](peer(n), change) : store[kind](peer(n))
            running.push(Promise.resolve<unknown>(run).catch(() => {}))
            if (waits || kind === 'delete') {
              await Promise.all(running)
              running = []
            }
          }
          await Promise.all(running)
          const all = (await store.all()).sort((a, b) => a.id.toString().localeCompare(b.id.toString()))
          const got = await Promise.all([0, 1].map((n) => store.get(peer(n)).catch(() => undefined)))
          ends.push(
            [all, got].map((each) =>
              each.map((found) => found && [found.id.toString(), found.protocols, [...found.tags]]),
            ),
          )
        }
        expect(ends[0]).toEqual(ends[1])
      }),
      { seed: 4, numRuns: 300 },
    )
  })
})
