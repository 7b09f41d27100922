import * as dagCbor from '@ipld/dag-cbor'
import type { Stream } from '@libp2p/interface'
import { afterEach, expect, test, vi } from 'vitest'
import { readFrames, toFrame } from '../content/frames.ts'
import type { Codec } from '../protocol/codec.ts'
import { textToRoot } from '../protocol/ids.ts'
import { PIECE_MESSAGE_MAX_BYTES, QUERY_RESPONSE_MAX_BYTES, SYNC_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import { pieceRequestCodec, pieceResponseCodec } from '../protocol/piece-messages.ts'
import { PIECE_PROTOCOL, QUERY_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { queryRequestCodec, queryResponseCodec } from '../protocol/query-messages.ts'
import { syncMessageCodec } from '../protocol/sync-messages.ts'
import { messagesOver } from '../stack/message-stream.ts'
import { createHostileNodes } from './hostile-nodes.ts'
import { createEngineNetwork, type EnginePeer } from './network.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts'

/** Whole engines: what they tell each other about their traces, and what arrives at a collector. */

const engines = createEngineNetwork()
const hostiles = createHostileNodes({ transport: engines.transport })
const receivers: OtlpReceiver[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all([engines.stopAll(), hostiles.stopAll()])
  await Promise.all(receivers.splice(0).map((receiver) => receiver.stop()))
})

const testMs = 60_000

/** Waits until `check` no longer throws. */
const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: testMs, interval: 50 })
const { signal } = new AbortController()

const startReceiver = async (): Promise<OtlpReceiver> => {
  const receiver = await startOtlpReceiver()
  receivers.push(receiver)
  return receiver
}

/** The fields of all requests that the engines of this process send to peers. */
const spyOnRequests = () => {
  const sent: { protocol: string; request: Record<string, unknown> }[] = []
  const spy = <T extends object>(protocol: string, codec: Codec<T>): void => {
    const { encode } = codec
    vi.spyOn(codec, 'encode').mockImplementation((message) => {
      sent.push({ protocol, request: { ...message } as Record<string, unknown> })
      return encode(message)
    })
  }
  spy('query', queryRequestCodec)
  spy('sync', syncMessageCodec)
  spy('piece', pieceRequestCodec)
  return sent
}

/** One peer publishes; another syncs with it, asks it and installs from it. */
const exchange = async (publisher: EnginePeer, other: EnginePeer): Promise<void> => {
  const { id } = await publisher.publish('traced', '1.0.0', { 'a.txt': new Uint8Array(300_000).fill(7) })
  await other.meet(publisher)
  await eventually(async () => expect((await other.search({ text: 'traced' })).total).toBe(1))
  await other.search({ text: 'what I typed', remote: true })
  await other.install([id])
}

const instanceOf = ({ resource }: ReceivedSpan): unknown => resource['service.instance.id']

test('spans of two peers that export to one collector join to one trace', { timeout: testMs }, async () => {
  const receiver = await startReceiver()
  const [publisher, other] = [
    await engines.start('publisher', { origin: receiver.origin }),
    await engines.start('other', { origin: receiver.origin }),
  ]
  await Promise.all([publisher, other].map((peer) => peer.setTelemetry({ export: true })))
  await exchange(publisher, other)

  /** Spans whose parent is a span of another engine. */
  const joined = (): ReceivedSpan[] => {
    const bySpan = new Map(receiver.spans.map((span) => [span.spanId, span]))
    return receiver.spans.filter((span) => {
      const parent = bySpan.get(span.parentSpanId ?? '')
      return parent !== undefined && parent.traceId === span.traceId && instanceOf(parent) !== instanceOf(span)
    })
  }
  const isJoined = (name: RegExp): boolean => joined().some((span) => name.test(span.name))
  await eventually(async () => {
    await Promise.all([publisher.flush(), other.flush()])
    // The served side of a query, a sync and a fetch.
    expect([/query.(answer|serve)/, /sync.(answer|serve)/, /(content|piece).serve/].filter(isJoined)).toHaveLength(3)
  })
  expect(receiver.faults).toEqual([])
  expect(new Set(receiver.spans.map(instanceOf)).size).toBe(2)

  const exported = receiver.bodies.join()
  for (const secret of [publisher.id, other.id, publisher.address, 'what I typed', 'a.txt', '/memory/'])
    expect(exported).not.toContain(secret)
})

test('a peer learns of no trace while export is off, whatever the others do', { timeout: testMs }, async () => {
  const receiver = await startReceiver()
  const [publisher, other] = [
    await engines.start('publisher', { origin: receiver.origin }),
    await engines.start('other', { origin: receiver.origin }),
  ]
  const sent = spyOnRequests()
  await exchange(publisher, other)
  expect(new Set(sent.map(({ protocol }) => protocol))).toEqual(new Set(['query', 'sync', 'piece']))
  for (const { request } of sent) expect(Object.keys(request)).not.toContain('trace')
  expect(receiver.bodies).toEqual([])

  // The same with export: the test would notice.
  await publisher.setTelemetry({ export: true })
  sent.length = 0
  await publisher.search({ text: 'again', remote: true })
  expect(sent.filter(({ request }) => typeof request['trace'] === 'string')).not.toEqual([])
})

const malformed: [string, unknown][] = [
  ['a number', 7],
  ['an empty text', ''],
  ['another version', '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['ids of zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
  ['three thousand characters', 'x'.repeat(3_000)],
  ['bytes', new Uint8Array(500)],
  ['a map', { traceId: { deep: [1, [2]] } }],
  ['nothing', null],
]

const askQuery = async (stream: Stream, trace: unknown): Promise<boolean> => {
  const messages = messagesOver(stream, { maxBytes: QUERY_RESPONSE_MAX_BYTES, signal })
  await messages.send(dagCbor.encode({ v: 1, type: 'search', text: '', filters: {}, limit: 5, trace }))
  const answer = queryResponseCodec.decode(await messages.receive())
  return answer.ok && answer.value.status === 'ok' && answer.value.entries.length > 0
}

const askSync = async (stream: Stream, trace: unknown): Promise<boolean> => {
  const messages = messagesOver(stream, { maxBytes: SYNC_MESSAGE_MAX_BYTES, signal })
  await messages.send(dagCbor.encode({ v: 2, type: 'hello', count: 0, fingerprint: new Uint8Array(16), trace }))
  const answer = syncMessageCodec.decode(await messages.receive())
  stream.abort(new Error('enough'))
  return answer.ok
}

const askPiece = async (stream: Stream, trace: unknown, root: Uint8Array): Promise<boolean> => {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  readFrames(stream, { maxLength: () => PIECE_MESSAGE_MAX_BYTES, onFrame: resolve, onProtocolError: reject })
  stream.addEventListener('close', () => reject(new Error('closed')))
  stream.send(toFrame(new Uint8Array(dagCbor.encode({ v: 1, id: 1, root, want: [0], trace }))))
  const answer = pieceResponseCodec.decode(await promise)
  stream.abort(new Error('enough'))
  return answer.ok && answer.value.status === 'ok'
}

test('a malformed trace in a request is ignored, and the request answered', { timeout: testMs }, async () => {
  const receiver = await startReceiver()
  const engine = await engines.start('engine', { origin: receiver.origin })
  const { root } = await engine.publish('served', '1.0.0', { 'a.txt': new Uint8Array(1_000) })
  const content = textToRoot(root)
  if (!content.ok) throw new Error('no root')
  for (const isExporting of [false, true]) {
    await engine.setTelemetry({ export: isExporting })
    for (const [what, trace] of malformed) {
      const hostile = await hostiles.start()
      await hostile.dial(engine)
      const open = (protocol: string): Promise<Stream> => hostile.open(engine.id, protocol)
      expect([what, await askQuery(await open(QUERY_PROTOCOL), trace)]).toEqual([what, true])
      expect([what, await askSync(await open(SYNC_PROTOCOL), trace)]).toEqual([what, true])
      // A piece request has at most a kibibyte.
      if (dagCbor.encode(trace).length < 900)
        expect([what, await askPiece(await open(PIECE_PROTOCOL), trace, content.value)]).toEqual([what, true])
      expect(hostile.isConnectedTo(engine.id)).toBe(true)
    }
  }
})

test('a trace of a megabyte ends at the limit of the message, and others are served', { timeout: testMs }, async () => {
  const [engine, honest] = [await engines.start('engine'), await engines.start('honest')]
  await engine.publish('served', '1.0.0')
  const trace = 'x'.repeat(1_048_576)
  for (const [protocol, ask] of [
    [QUERY_PROTOCOL, askQuery],
    [SYNC_PROTOCOL, askSync],
    [PIECE_PROTOCOL, (stream: Stream, given: unknown) => askPiece(stream, given, new Uint8Array(32))],
  ] as const) {
    const hostile = await hostiles.start()
    await hostile.dial(engine)
    await expect(ask(await hostile.open(engine.id, protocol), trace)).rejects.toThrow()
  }
  await honest.meet(engine)
  await eventually(async () => expect((await honest.search({ text: 'served' })).total).toBe(1))
})
