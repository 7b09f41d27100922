import type { Stream } from '@libp2p/interface'
import { Record } from '@libp2p/kad-dht'
import { lpStream } from '@libp2p/utils'
import { afterEach, describe, expect, test } from 'vitest'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { untraced } from '../telemetry/operation.ts'
import { createDhtNetwork, type DhtNetwork, type DhtNode } from '../testing/dht-network.ts'
import { pour } from '../testing/garbage.ts'
import { createHeadSource } from '../testing/head-source.ts'
import { decodeAnswer, encodeQuestion, messageTypes } from './message.ts'

/** Real kad-dht nodes, all connected to the reader, some of them dishonest; 5 ms a message. */

let network: DhtNetwork
/** Peers that the lookup asks first: it ends before it has asked all. */
const favourites = new Set<string | undefined>()

afterEach(async () => {
  favourites.clear()
  await network.stop()
})

const start = async (): Promise<[DhtNode, ...DhtNode[]]> => {
  const memory = () => ({ rank: (peer: string) => Number(favourites.has(peer)) })
  network = await createDhtNetwork({ nodes: 9, conditions: { delayMs: 5 }, memory })
  const [reader, ...others] = network.nodes
  if (reader === undefined) throw new Error('There are no nodes.')
  for (const other of others) await reader.node.dial(other.node.getMultiaddrs())
  return [reader, ...others]
}

/** Replaces a node's request handler. */
const replaceHandler = async (each: DhtNode | undefined, answer: (stream: Stream) => unknown): Promise<void> => {
  if (each === undefined) throw new Error('There is no such node.')
  await each.node.unhandle(KAD_PROTOCOL)
  await each.node.handle(KAD_PROTOCOL, (stream) => {
    Promise.resolve(answer(stream)).catch(() => stream.abort(new Error('The reader has ended it.')))
  })
}

/** Answers GET_VALUE with this record and confirms PUT_VALUE without storing anything. */
const answering = (key: string, value: Uint8Array) => async (stream: Stream) => {
  const lp = lpStream(stream)
  for (;;) {
    const asked = decodeAnswer((await lp.read()).subarray())
    const keyBytes = new TextEncoder().encode(key)
    const own = new Record(keyBytes, value, new Date()).serialize().subarray()
    if (asked?.type === messageTypes.getValue)
      await lp.write(encodeQuestion({ type: messageTypes.getValue, key: keyBytes, record: own }))
    if (asked?.type === messageTypes.putValue && asked.record !== undefined)
      await lp.write(encodeQuestion({ type: messageTypes.putValue, key: keyBytes, record: asked.record }))
  }
}

const silent = (): void => {}

describe('a lookup among dishonest peers', () => {
  test('finds the newest head; forged and older answers do not win and are reported', async () => {
    const [reader, writer, forger, older, noisy, mute, leaver, stranger] = await start()
    const source = await createHeadSource(1)
    const foreign = await createHeadSource(2)
    const key = source.key('p')
    await writer?.heads.put(key, await source.value('p', 2), { operation: untraced(), onConfirmed() {} })
    // Signed, but by another publisher.
    await replaceHandler(forger, answering(key, await foreign.value('p', 9)))
    await replaceHandler(older, answering(key, await source.value('p', 1)))
    await replaceHandler(noisy, (stream) => pour(stream, 'noise'))
    await replaceHandler(mute, silent)
    await replaceHandler(leaver, (stream) => stream.abort(new Error('gone')))
    await stranger?.node.unhandle(KAD_PROTOCOL)

    await reader.without(key, async () => {
      for (const group of [[forger, older, noisy], [mute, leaver, stranger], []]) {
        favourites.clear()
        for (const each of group) favourites.add(each?.id)
        expect(await reader.heads.get(key, { operation: untraced() })).toMatchObject({ seq: 2, value: 'p 2' })
      }
    })
    const reported = new Set(reader.rejected.map(({ peer, kind }) => `${peer} ${kind}`))
    expect(reported).toContain(`${forger?.id} forged`)
    expect(reported).toContain(`${older?.id} older`)
    expect([...reported].filter((each) => each.endsWith('forged'))).toHaveLength(1)
    // Silence, disconnecting and not running a DHT are not violations.
    expect([...reader.garbled]).toEqual([noisy?.id])
  })

  test('the only peer with the value is found although it is slow and all others are silent', async () => {
    const [reader, slowPeer, ...others] = await start()
    const source = await createHeadSource(3)
    const key = source.key('p')
    if (slowPeer === undefined) throw new Error('There is no second node.')
    await slowPeer.rpc.own.putValue(new TextEncoder().encode(key), await source.value('p', 1))
    for (const other of others) await replaceHandler(other, silent)
    network.slow([slowPeer], 300)
    expect((await reader.heads.get(key, { operation: untraced() }))?.seq).toBe(1)
  })

  test('a put counts the peers that store the value although others are silent', async () => {
    const [writer, ...others] = await start()
    const source = await createHeadSource(5)
    for (const other of others.slice(0, 3)) await replaceHandler(other, silent)
    const confirmed = await writer.heads.put(source.key('p'), await source.value('p', 1), {
      operation: untraced(),
      onConfirmed() {},
    })
    expect(confirmed).toBe(5)
  })
})
