import type { Stream } from '@libp2p/interface'
import { afterEach, describe, expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import type { Entry } from '../protocol/entry.ts'
import { packageId } from '../protocol/ids.ts'
import { MAX_QUERY_PACKAGES } from '../protocol/limits.ts'
import { QUERY_PROTOCOL } from '../protocol/protocols.ts'
import { queryRequestCodec, queryResponseCodec } from '../protocol/query-messages.ts'
import { messagesOver } from '../stack/message-stream.ts'
import { untraced } from '../telemetry/operation.ts'
import { createForger, entriesOf, signedBy, withForgedIdentity, withWrongSignature } from '../testing/forged-records.ts'
import { garbageKinds, pour } from '../testing/garbage.ts'
import { type QueryPeer, type QueryPeerOptions, startQueryPeer } from '../testing/query-peers.ts'
import { createTestNetwork, type TestNode, until } from '../testing/relay-network.ts'
import { createHistory, createTestPublisher, toEntry } from '../testing/test-publisher.ts'

/** Real nodes over WebSockets, without sync, so that only queries can find packages. */

const network = createTestNetwork()
const started: QueryPeer[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((peer) => peer.stop()))
  await network.stopAll()
})

const { signal } = new AbortController()
/** An answer timeout that suffices on a busy machine, and early hedging, so that silent peers cost no time. */
const patient = { answerMs: 15_000, hedgeMs: 50 }

/** For tests that wait for the answer timeout. */
const impatient = { answerMs: 3_000, hedgeMs: 50 }

/** Allows for several nodes on a busy machine. */
const testMs = 120_000

const startPeer = async (options: QueryPeerOptions = {}): Promise<QueryPeer> => {
  const peer = await startQueryPeer((await network.startTab([])).libp2p, { timing: patient, ...options })
  started.push(peer)
  return peer
}

/** A node with scripted answers to queries. */
const startHostile = async (answer: (stream: Stream) => unknown): Promise<TestNode> => {
  const node = await network.startTab([])
  await node.libp2p.handle(QUERY_PROTOCOL, (stream) => void answer(stream), { maxInboundStreams: 64 })
  return node
}

const connect = async (asker: QueryPeer, ...others: Pick<QueryPeer, 'libp2p'>[]): Promise<void> => {
  for (const { libp2p } of others) await asker.libp2p.dial(libp2p.getMultiaddrs())
  const ids = others.map(({ libp2p }) => libp2p.peerId.toString())
  await until('the others support the protocol', () => ids.every((id) => asker.query.peers().includes(id)))
}

const answerWith =
  (entries: readonly Entry[]) =>
  async (stream: Stream): Promise<void> => {
    const messages = messagesOver(stream, { maxBytes: 4_096, signal })
    await messages.receive()
    await messages.send(queryResponseCodec.encode({ v: 1, status: 'ok', entries }))
    await stream.close()
  }

const search = (peer: QueryPeer, text: string) => peer.query.search({ text, filters: {} }, untraced(signal))
const slugs = (peer: QueryPeer, text: string): string[] => peer.search({ text }).hits.map(({ slug }) => slug)

const packagesOf = async (number: number, ...names: string[]): Promise<Entry[]> => {
  const publisher = await createTestPublisher(number)
  const histories = await Promise.all(names.map((slug) => createHistory(publisher, slug, ['1.0.0'])))
  return histories.flat().map(toEntry)
}

describe('a remote search', { timeout: testMs }, () => {
  test('merges the results of several peers and ranks them like local ones', async () => {
    const [one, two] = [await packagesOf(1, 'graph-server', 'graph'), await packagesOf(2, 'graph-tools')]
    const [asker, a, b, c] = [
      await startPeer({ entries: await packagesOf(3, 'my-graph') }),
      await startPeer({ entries: one }),
      await startPeer({ entries: [...one, ...two] }),
      await startPeer(),
    ]
    await connect(asker, a, b, c)
    expect(await search(asker, 'graph')).toEqual({ asked: 3, answered: 3 })
    const whole = await startPeer({ entries: [...one, ...two, ...(await packagesOf(3, 'my-graph'))] })
    expect(slugs(asker, 'graph')).toEqual(slugs(whole, 'graph'))
    expect(slugs(asker, 'graph')).toHaveLength(4)
    expect(asker.dropped).toEqual([])
    expect(asker.reputation.scoreOf(a.id)).toBeGreaterThan(asker.reputation.scoreOf('unknown'))
  })

  test('applies filters and returns the best results that fit', async () => {
    const names = Array.from({ length: MAX_QUERY_PACKAGES + 5 }, (_, n) => `kit-${n}`)
    const [asker, full] = [await startPeer(), await startPeer({ entries: await packagesOf(1, ...names, 'other') })]
    await connect(asker, full)
    await asker.query.search({ text: 'other', filters: { license: 'Apache-2.0' } }, untraced(signal))
    expect(asker.registry.size()).toBe(0)
    await search(asker, 'kit')
    expect(slugs(asker, '')).toHaveLength(MAX_QUERY_PACKAGES)
    expect(slugs(asker, '')).not.toContain('other')
  })

  test('hedges silent peers and counts their failures', async () => {
    const silent = await Promise.all([0, 1, 2, 3].map(() => startHostile(() => {})))
    const [asker, good] = [
      await startPeer({ timing: impatient }),
      await startPeer({ entries: await packagesOf(1, 'found') }),
    ]
    await connect(asker, good, ...silent)
    const result = await search(asker, 'found')
    expect(result).toEqual({ asked: 5, answered: 1 })
    expect(slugs(asker, 'found')).toEqual(['found'])
    for (const { libp2p } of silent) expect(asker.reputation.scoreOf(libp2p.peerId.toString())).toBeLessThan(0.4)
    expect(asker.dropped).toEqual([])
  })

  test('ends at once when cancelled and counts no failure', async () => {
    const streams: Stream[] = []
    const silent = await startHostile((stream) => streams.push(stream))
    const asker = await startPeer({ timing: { answerMs: 60_000 } })
    await connect(asker, silent)
    const controller = new AbortController()
    const before = asker.reputation.scoreOf(silent.libp2p.peerId.toString())
    const result = asker.query.search({ text: 'a', filters: {} }, untraced(controller.signal))
    await until('it is asked', () => streams.length === 1)
    controller.abort()
    expect(await result).toEqual({ asked: 1, answered: 0 })
    await until('it is not waited for any more', () => streams[0]?.status !== 'open')
    expect(asker.reputation.scoreOf(silent.libp2p.peerId.toString())).toBe(before)
  })

  test('reports that there are no peers to query', async () => {
    expect(await search(await startPeer(), 'a')).toEqual({ asked: 0, answered: 0 })
  })
})

describe('a description', { timeout: testMs }, () => {
  test('fetches all versions of an unknown package', async () => {
    const publisher = await createTestPublisher(1)
    const history = await createHistory(publisher, 'kit', ['2.0.0', '1.1.0', '1.0.0'])
    const [asker, ignorant, knowing] = [
      await startPeer(),
      await startPeer(),
      await startPeer({ entries: history.map(toEntry) }),
    ]
    await connect(asker, ignorant, knowing)
    const { publisherId } = publisher.identity
    await asker.query.describe({ publisher: publisherId, slug: 'kit' }, untraced(signal))
    const found = asker.registry.get(packageId(publisherId, 'kit'))
    expect(found?.versions.map(({ version, release }) => [version, release !== undefined])).toEqual([
      ['2.0.0', true],
      ['1.1.0', true],
      ['1.0.0', true],
    ])
    await asker.query.describe({ publisher: publisherId, slug: 'none' }, untraced(signal))
    expect(asker.registry.size()).toBe(1)
  })

  test('counts another package as a violation of its sender', async () => {
    const publisher = await createTestPublisher(1)
    const hostile = await startHostile(answerWith(await packagesOf(2, 'other')))
    const asker = await startPeer()
    await connect(asker, hostile)
    await asker.query.describe({ publisher: publisher.identity.publisherId, slug: 'kit' }, untraced(signal))
    expect(asker.dropped).toEqual([{ peer: hostile.libp2p.peerId.toString(), fault: 'malformed' }])
    expect(asker.registry.size()).toBe(0)
  })
})

describe('a hostile peer', { timeout: testMs }, () => {
  const forged = async (): Promise<[string, Entry[]][]> => {
    const forger = await createForger('good')
    const good = entriesOf(await forger.release('kit', '1.0.0'))
    return [
      [
        'a broken signature',
        good.map(({ kind, bytes }) => ({ kind, bytes: kind === 'head' ? withWrongSignature(kind, bytes) : bytes })),
      ],
      [
        'an identity that its keys did not sign',
        good.map(({ kind, bytes }) => ({ kind, bytes: kind === 'identity' ? withForgedIdentity(bytes) : bytes })),
      ],
    ]
  }

  test('is not banned for entries that cannot be verified, and they are not stored', async () => {
    const [forger, other] = [await createForger('good'), await createForger('other')]
    const unproven: [string, Entry[]][] = [
      // The publisher may have added the key since.
      [
        'a key that is not in the publisher identity',
        entriesOf(await signedBy(other, await forger.release('kit', '2.0.0'))),
      ],
      ['no identity', entriesOf(await forger.release('kit', '1.0.0')).slice(1)],
    ]
    for (const [what, entries] of unproven) {
      const hostile = await startHostile(answerWith(entries))
      const asker = await startPeer()
      await connect(asker, hostile)
      await search(asker, 'kit')
      expect(asker.dropped, what).toEqual([])
      expect(asker.reputation.isBanned(hostile.libp2p.peerId.toString()), what).toBe(false)
      expect(slugs(asker, ''), what).toEqual([])
    }
  })

  test('is banned for a forged signature, and its entries are not stored', async () => {
    for (const [what, entries] of await forged()) {
      const hostile = await startHostile(answerWith(entries))
      const [asker, good] = [await startPeer(), await startPeer({ entries: await packagesOf(1, 'kit-of-another') })]
      await connect(asker, good, hostile)
      const id = hostile.libp2p.peerId.toString()
      expect(await search(asker, 'kit'), what).toEqual({ asked: 2, answered: 1 })
      expect(asker.dropped, what).toEqual([{ peer: id, fault: 'signature' }])
      expect(asker.reputation.isBanned(id), what).toBe(true)
      expect(slugs(asker, ''), what).toEqual(['kit-of-another'])
      await until('it is gone', () => !asker.query.peers().includes(id))
      // A second search does not ask it again.
      expect(await search(asker, 'kit'), what).toEqual({ asked: 1, answered: 1 })
    }
  })

  test('does not keep others from answering by garbage, excess, silence or an early end', async () => {
    const hostile = await Promise.all([
      ...garbageKinds.map((kind) => startHostile((stream) => pour(stream, kind))),
      startHostile((stream) => stream.abort(new Error('no'))),
      startHostile((stream) => stream.close()),
      // More packages than requested.
      startHostile(
        answerWith(
          (await packagesOf(5, ...Array.from({ length: 21 }, (_, n) => `many-${n}`))).filter(
            ({ kind }) => kind === 'head',
          ),
        ),
      ),
    ])
    for (const one of hostile) {
      const [asker, good] = [await startPeer(), await startPeer({ entries: await packagesOf(1, 'kit') })]
      await connect(asker, good, one)
      expect((await search(asker, 'kit')).answered).toBe(1)
      expect(slugs(asker, '')).toEqual(['kit'])
      const id = one.libp2p.peerId.toString()
      await until('it has lost by it', () => asker.reputation.scoreOf(id) < asker.reputation.scoreOf('unknown'))
    }
  })

  test('is refused, then disconnected for endless queries, while others get answers', async () => {
    const [victim, flooder, honest] = [
      await startPeer({ entries: await packagesOf(1, 'kit') }),
      await network.startTab([]),
      await startPeer(),
    ]
    await connect(honest, victim)
    const connection = await flooder.libp2p.dial(victim.libp2p.getMultiaddrs())
    const question = queryRequestCodec.encode({ v: 1, type: 'search', text: 'kit', filters: {}, limit: 1 })
    const statuses: string[] = []
    const isDropped = (): boolean => victim.dropped.some(({ fault }) => fault === 'flood')
    for (let n = 0; n < 1_000 && connection.status === 'open' && !isDropped(); n += 1) {
      try {
        const stream = await connection.newStream(QUERY_PROTOCOL)
        const messages = messagesOver(stream, { maxBytes: 60_000, signal: AbortSignal.timeout(60_000) })
        await messages.send(question)
        const response = queryResponseCodec.decode(await messages.receive())
        statuses.push(response.ok ? response.value.status : response.name)
        await stream.close()
      } catch (error) {
        if (!(error instanceof Error)) throw new Failure('Internal', { code: 'unexpected', detail: String(error) })
      }
      if (n === 60) expect(await search(honest, 'kit')).toEqual({ asked: 1, answered: 1 })
    }
    expect(statuses).toContain('ok')
    expect(statuses).toContain('refused')
    expect(victim.dropped).toEqual([{ peer: flooder.libp2p.peerId.toString(), fault: 'flood' }])
    expect(slugs(honest, '')).toEqual(['kit'])
  })

  test('is disconnected for malformed queries', async () => {
    const [victim, hostile] = [await startPeer(), await network.startTab([])]
    for (const [n, bytes] of [new Uint8Array(40).fill(0x61), new Uint8Array(10_000)].entries()) {
      const connection = await hostile.libp2p.dial(victim.libp2p.getMultiaddrs())
      const stream = await connection.newStream(QUERY_PROTOCOL)
      await messagesOver(stream, { maxBytes: 10, signal }).send(bytes)
      await until('it is dropped', () => victim.dropped.length === n + 1)
      expect(victim.dropped[n]?.fault).toBe('malformed')
      await until('it has noticed', () => connection.status !== 'open')
    }
  })
})

test('a peer that refuses a query is not asked for a while and not penalised', { timeout: testMs }, async () => {
  const node = await network.startTab([])
  let asked = 0
  await node.libp2p.handle(QUERY_PROTOCOL, async (stream) => {
    asked += 1
    const messages = messagesOver(stream, { maxBytes: 4_096, signal })
    await messages.receive()
    await messages.send(queryResponseCodec.encode({ v: 1, status: 'refused', entries: [] }))
    await stream.close()
  })
  const asker = await startPeer({ timing: { ...patient, restMs: 600_000 } })
  await connect(asker, node)
  const before = asker.reputation.scoreOf(node.libp2p.peerId.toString())
  expect(await search(asker, 'a')).toEqual({ asked: 1, answered: 0 })
  expect(await search(asker, 'a')).toEqual({ asked: 0, answered: 0 })
  expect(asked).toBe(1)
  expect(asker.reputation.scoreOf(node.libp2p.peerId.toString())).toBe(before)
})
