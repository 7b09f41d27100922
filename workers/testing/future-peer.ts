import * as dagCbor from '@ipld/dag-cbor'
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { toHex } from '../protocol/ids.ts'
import { PACKAGES_TOPIC, PIECE_PROTOCOL, QUERY_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import type { Registry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import type { SyncChannel } from '../sync/channel.ts'
import { type ExchangeResult, runInitiator, runResponder } from '../sync/exchange.ts'
import { createReplica } from '../sync/replica.ts'
import { untraced } from '../telemetry/operation.ts'
import type { HostileNode } from './hostile-nodes.ts'

/**
 * A peer of a later version: it speaks today's protocols with fields, messages, queries and entries that today's peers
 * do not know, and also offers newer protocols. The rest is today's code.
 */
export interface FuturePeer {
  /** Syncs with a peer over today's protocol. */
  exchange(peer: string): Promise<ExchangeResult>
  /** The outcomes of exchanges that peers started with it: failures by name. */
  readonly answered: (string | undefined)[]
  announce(announcement: object): Promise<number>
  /** Sends a query; resolves with the decoded answer. */
  ask(peer: string, question: object): Promise<Record<string, unknown>>
  /** Requests a manifest with an unknown field, and something that today's peers cannot serve. */
  requestContent(peer: string, root: Uint8Array): Promise<{ manifest: Uint8Array; other: unknown }>
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** Fields that today's messages do not have. */
const later = {
  traceparent,
  capabilities: ['stars', 'labels'],
  weight: 0.5,
  offset: -3,
  nested: { list: [null, true] },
}

const answerMs = 10_000
const maxTries = 30

export const createFuturePeer = async (hostile: HostileNode, registry: Registry): Promise<FuturePeer> => {
  const { node } = hostile
  const answered: (string | undefined)[] = []
  const replica = createReplica(
    {
      watchIds: registry.watchEntryIds,
      entries: registry.entriesById,
      ingest: (entries, from) => registry.ingest(entries, { from }),
    },
    webCrypto,
  )

  const answer = async (stream: Stream, { remotePeer }: Connection): Promise<void> => {
    try {
      await runResponder(laterChannel(stream), replica, remotePeer.toString())
      await stream.close()
      answered.push(undefined)
    } catch (error) {
      answered.push(error instanceof Error ? error.name : String(error))
    }
  }
  await node.handle([SYNC_PROTOCOL, '/ggen/sync/2.0.0'], answer)
  await node.handle(QUERY_PROTOCOL, async (stream) => {
    const messages = lpStream(stream)
    await messages.read()
    const entries = (await registry.entriesById(registry.entryIds())).slice(0, 8)
    const extended = entries.map((entry) => ({ ...entry, learnedAt: 1 }))
    await messages.write(dagCbor.encode({ v: 1, status: 'ok', entries: extended, ...later }))
    await stream.close()
  })

  return {
    answered,
    async exchange(peer) {
      const connection = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
      if (connection === undefined) throw new Error('the peer is gone')
      // Newest protocol first: the peer selects the one that it knows.
      const stream = await connection.newStream(['/ggen/sync/2.0.0', SYNC_PROTOCOL])
      if (stream.protocol !== SYNC_PROTOCOL) throw new Error(`negotiated ${stream.protocol}`)
      const result = await runInitiator(laterChannel(stream), replica, peer)
      await stream.close()
      return result
    },
    async announce(announcement) {
      const bytes = new Uint8Array(dagCbor.encode({ ...announcement, ...later }))
      return (await node.services.pubsub.publish(PACKAGES_TOPIC, bytes)).recipients.length
    },
    async ask(peer, question) {
      // An hour within seconds is more than a peer answers: it refuses for a moment.
      for (let tries = 0; ; tries++) {
        const stream = await hostile.open(peer, QUERY_PROTOCOL)
        const messages = lpStream(stream)
        await messages.write(dagCbor.encode({ ...question, ...later }))
        const read = await messages.read({ signal: AbortSignal.timeout(answerMs) })
        await stream.close()
        const response = Object(dagCbor.decode(read.subarray()))
        if (response.status !== 'refused' || tries === maxTries) return response
        await new Promise((resolve) => setTimeout(resolve, 500))
      }
    },
    async requestContent(peer, root) {
      const stream = await hostile.open(peer, PIECE_PROTOCOL)
      const messages = lpStream(stream, { maxDataLength: 2 ** 20 })
      const read = async () => (await messages.read({ signal: AbortSignal.timeout(answerMs) })).subarray()
      await messages.write(dagCbor.encode({ v: 1, id: 1, root, want: 'manifest', traceparent }))
      const header = Object(dagCbor.decode(await read()))
      if (header.status !== 'ok') throw new Error(`${toHex(root)} is ${header.status}`)
      const manifest = await read()
      await messages.write(dagCbor.encode({ v: 1, id: 2, root, want: { proof: 'availability' }, traceparent }))
      const other: unknown = Object(dagCbor.decode(await read())).status
      await stream.close()
      return { manifest, other }
    },
  }
}

/** Sends a message of an unknown type before each message, and adds unknown fields to each. */
const laterChannel = (stream: Stream): SyncChannel => {
  const framed = lpStream(stream)
  return {
    operation: untraced(),
    async send(message) {
      await framed.write(dagCbor.encode({ v: 2, type: 'hint', about: new Uint8Array(8) }))
      await framed.write(dagCbor.encode({ ...Object(dagCbor.decode(message)), ...later }))
    },
    receive: async () => (await framed.read({ signal: AbortSignal.timeout(answerMs) })).subarray(),
  }
}
