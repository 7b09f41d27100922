import type { Stream } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { pieceRequestCodec, pieceResponseCodec } from '../protocol/piece-messages.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { type ContentNetwork, type ContentPeer, createContentNetwork } from '../testing/content-peers.ts'
import { failureName, isSame } from '../testing/store-compliance.ts'
import { toFrame } from './frames.ts'
import { createPieceClient, type PieceAnswer, type PieceClient } from './piece-client.ts'
import { pieceKey } from './piece-keys.ts'
import { createPieceServer } from './piece-server.ts'

const pieceBytes = 262_144
const patterned = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 31 + (index >> 16) * 13) & 0xff)

let network: ContentNetwork
let clientPeer: ContentPeer

beforeAll(() => {
  network = createContentNetwork()
})
beforeEach(async () => {
  clientPeer = await network.peer()
})
afterAll(() => network.stop())

const streamTo = (peer: ContentPeer): Promise<Stream> =>
  network.dependencies(clientPeer, []).openStream(peer.id, untraced())

const hold = async ({ content, store }: ContentPeer, size: number) => {
  const staged = await content.stage([{ path: 'a', bytes: patterned(size) }])
  await store.write(content.changes(staged))
  return staged
}

const askPiece = (client: PieceClient, root: Uint8Array, piece: number, size: number): Promise<PieceAnswer> => {
  const [answer] = client.pieces(root, [{ piece, size }])
  if (answer === undefined) throw new Error('no answer is promised')
  return answer
}

const ended = (stream: Stream): Promise<void> =>
  vi.waitFor(() => {
    if (stream.status === 'open' || stream.status === 'closing') throw new Error('still open')
  })

describe('piece server', () => {
  test('answers concurrent requests on one stream in order', async () => {
    const provider = await network.peer()
    const { root, manifestBytes, pieces } = await hold(provider, 9 * pieceBytes + 3)
    const client = createPieceClient(await streamTo(provider))
    const manifest = client.manifest(root)
    const answers = pieces.map((piece, index) => askPiece(client, root, index, piece.length))
    expect(await manifest).toEqual({ status: 'ok', bytes: manifestBytes })
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      expect(answer.status === 'ok' && isSame(answer.bytes, pieces[index] ?? new Uint8Array())).toBe(true)
    }
    client.close()
    expect(provider.served.map(({ kind, bytes }) => [kind, bytes])).toEqual(
      [manifestBytes, ...pieces].map(({ length }) => ['sent', length]),
    )
  })

  test('sends one answer per piece of a request', async () => {
    const provider = await network.peer()
    const { root, pieces } = await hold(provider, 2 * pieceBytes)
    const stream = await streamTo(provider)
    const received: Uint8Array[] = []
    stream.addEventListener('message', ({ data }) => received.push(data.subarray()))
    stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id: 7, root, want: [0, 1, 5] })))
    const header = (piece: number, size: number): Uint8Array =>
      toFrame(pieceResponseCodec.encode({ v: 1, id: 7, status: size > 0 ? 'ok' : 'absent', piece, size }))
    const expected = Buffer.concat([
      ...pieces.flatMap((piece, index) => [header(index, piece.length), varint(piece.length), piece]),
      header(5, 0),
    ])
    await vi.waitFor(() => expect(Buffer.concat(received).length).toBe(expected.length))
    expect(Buffer.compare(Buffer.concat(received), expected)).toBe(0)
    stream.abort(new Error('done'))
  })

  test('reads each piece once for sequential requests', async () => {
    const read: number[] = []
    const provider = await network.peer({
      tamper: (content) => ({
        manifestBytes: content.manifestBytes,
        piece: (root, index) => {
          read.push(index)
          return content.piece(root, index)
        },
      }),
    })
    const { root, pieces } = await hold(provider, 12 * pieceBytes)
    const client = createPieceClient(await streamTo(provider))
    for (const index of pieces.keys()) {
      const answer = await askPiece(client, root, index, pieceBytes)
      expect(answer.status === 'ok' && isSame(answer.bytes, pieces[index] ?? new Uint8Array())).toBe(true)
    }
    expect(read.filter((index) => index < pieces.length)).toEqual([...pieces.keys()])
    // Requests out of order are not prefetched.
    read.length = 0
    for (const index of [3, 9, 6, 0]) expect((await askPiece(client, root, index, pieceBytes)).status).toBe('ok')
    expect(read).toEqual([3, 9, 6, 0])
    client.close()
  })

  test('finds a piece that arrived after its prefetch', async () => {
    const provider = await network.peer()
    const { root, pieces } = await hold(provider, 4 * pieceBytes)
    await provider.store.write([{ table: 'pieces', key: pieceKey(root, 3), value: undefined }])
    const client = createPieceClient(await streamTo(provider))
    for (const index of [0, 1, 2]) await askPiece(client, root, index, pieceBytes)
    await provider.store.write([{ table: 'pieces', key: pieceKey(root, 3), value: pieces[3] }])
    expect((await askPiece(client, root, 3, pieceBytes)).status).toBe('ok')
    client.close()
  })

  test('answers absent for missing content and for pieces damaged on disk', async () => {
    const provider = await network.peer()
    const { root } = await hold(provider, 2 * pieceBytes)
    for (const key of await provider.store.keys('pieces')) {
      if (key.endsWith('1')) await provider.store.write([{ table: 'pieces', key, value: patterned(pieceBytes) }])
    }
    const client = createPieceClient(await streamTo(provider))
    expect(await askPiece(client, root, 1, pieceBytes)).toEqual({ status: 'absent' })
    expect(await askPiece(client, root, 2, pieceBytes)).toEqual({ status: 'absent' })
    expect(await askPiece(client, new Uint8Array(32), 0, pieceBytes)).toEqual({ status: 'absent' })
    expect(await client.manifest(new Uint8Array(32))).toEqual({ status: 'absent' })
    expect((await askPiece(client, root, 0, pieceBytes)).status).toBe('ok')
    client.close()
  })

  test.each([
    ['random bytes', () => patterned(10_000_000).map((byte, index) => byte ^ (index >> 3))],
    ['zeros', () => new Uint8Array(10_000_000)],
    ['the largest bytes', () => new Uint8Array(10_000_000).fill(0xff)],
    ['frames that hold no request', () => new Uint8Array(10_000_000).fill(40)],
  ])('aborts a stream of 10 MB of garbage: %s', async (_name, garbage) => {
    const provider = await network.peer()
    const stream = await streamTo(provider)
    try {
      stream.send(garbage())
    } catch {
      // The reset may arrive while the bytes are being sent.
    }
    await ended(stream)
    expect(provider.served).toHaveLength(1)
    expect(provider.served[0]).toMatchObject({ peer: clientPeer.id, kind: 'violation' })
    // The server still serves all peers, including this one.
    const { root } = await hold(provider, 10)
    const client = createPieceClient(await streamTo(provider))
    expect((await askPiece(client, root, 0, 10)).status).toBe('ok')
    client.close()
  })

  test('aborts a stream with too many unanswered requests', async () => {
    const release = Promise.withResolvers<undefined>()
    const provider = await network.peer({
      tamper: (content) => ({ manifestBytes: content.manifestBytes, piece: () => release.promise }),
    })
    const stream = await streamTo(provider)
    const want = Array.from({ length: 16 }, (_, index) => index)
    for (let id = 0; id < 5; id += 1) {
      stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id, root: new Uint8Array(32), want })))
    }
    await ended(stream)
    expect(provider.served[0]?.reason).toContain('open requests')
    release.resolve(undefined)
  })

  test('reads a bounded number of pieces ahead', async () => {
    let reading = 0
    const provider = await network.peer({
      tamper: (content) => ({
        manifestBytes: content.manifestBytes,
        piece: () => {
          reading += 1
          return new Promise(() => {})
        },
      }),
    })
    const stream = await streamTo(provider)
    const want = Array.from({ length: 16 }, (_, index) => index)
    stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id: 0, root: new Uint8Array(32), want })))
    // Two sequential requests trigger a prefetch of eight.
    await vi.waitFor(() => expect(reading).toBe(10))
    stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id: 1, root: new Uint8Array(32), want })))
    // An answer on another stream shows that earlier messages have arrived.
    await createPieceClient(await streamTo(provider)).manifest(new Uint8Array(32))
    expect(reading).toBe(10)
    stream.abort(new Error('done'))
  })

  test('aborts an idle stream, and all streams on stop', async () => {
    const server = createPieceServer(
      { telemetry: noTelemetry, content: clientPeer.content, report: () => {} },
      { idleTimeoutMs: 20 },
    )
    const idle = await network.peer({ handler: (stream, connection) => void server.handle(stream, `${connection.id}`) })
    await ended(await streamTo(idle))

    const patient = createPieceServer({ telemetry: noTelemetry, content: clientPeer.content, report: () => {} })
    const served: Promise<void>[] = []
    const provider = await network.peer({ handler: (stream) => void served.push(patient.handle(stream, 'clientPeer')) })
    const stream = await streamTo(provider)
    const client = createPieceClient(stream)
    expect(await client.manifest(new Uint8Array(32))).toEqual({ status: 'absent' })
    patient.stop()
    await ended(stream)
    await Promise.all(served)
    await ended(await streamTo(provider))
  })

  test('closes its side after the client closes its own', async () => {
    const provider = await network.peer()
    const { root } = await hold(provider, 10)
    const stream = await streamTo(provider)
    stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id: 0, root, want: [0] })))
    await stream.close()
    await ended(stream)
    expect(stream.status).toBe('closed')
    expect(provider.served).toHaveLength(1)
  })

  test('refuses streams over the limit', async () => {
    const server = createPieceServer(
      { telemetry: noTelemetry, content: clientPeer.content, report: () => {} },
      { maxStreams: 1 },
    )
    const provider = await network.peer({ handler: (stream) => void server.handle(stream, 'clientPeer') })
    const first = createPieceClient(await streamTo(provider))
    expect(await first.manifest(new Uint8Array(32))).toEqual({ status: 'absent' })
    const second = createPieceClient(await streamTo(provider))
    expect(await second.manifest(new Uint8Array(32))).toEqual({ status: 'refused' })
    expect(await askPiece(second, new Uint8Array(32), 0, 5)).toEqual({ status: 'refused' })
    first.close()
    await vi.waitFor(async () => {
      const third = createPieceClient(await streamTo(provider))
      const answer = await third.manifest(new Uint8Array(32))
      third.close()
      expect(answer.status).toBe('absent')
    })
    second.close()
  })

  test('applies backpressure for a slow reader instead of buffering pieces', async () => {
    let read = 0
    const provider = await network.peer({
      tamper: (content) => ({
        manifestBytes: content.manifestBytes,
        piece: (root, index) => {
          read += 1
          return content.piece(root, index % 4)
        },
      }),
    })
    const { root } = await hold(provider, 4 * pieceBytes)
    const stream = await streamTo(provider)
    // Yamux applies backpressure from a paused reader; no listener is attached yet.
    stream.pause()
    for (let id = 0; id < 4; id += 1) {
      const want = Array.from({ length: 16 }, (_, index) => index)
      stream.send(toFrame(pieceRequestCodec.encode({ v: 1, id, root, want })))
    }
    let before = -1
    await vi.waitFor(
      () => {
        const settled = read === before
        before = read
        expect(settled).toBe(true)
      },
      { interval: 200 },
    )
    expect(read).toBeLessThan(40)
    let received = 0
    stream.addEventListener('message', ({ data }) => {
      received += data.byteLength
    })
    stream.resume()
    await vi.waitFor(() => expect(received).toBeGreaterThan(64 * pieceBytes))
    stream.abort(new Error('done'))
  })
})

describe('piece client', () => {
  /** A client of a peer that runs `handler`. */
  const clientOf = async (handler: (stream: Stream) => void, options = {}) => {
    const stream = await streamTo(await network.peer({ handler }))
    return { stream, client: createPieceClient(stream, options) }
  }
  const onRequest =
    (answer: (stream: Stream, id: number) => void) =>
    (stream: Stream): void => {
      let id = 0
      stream.addEventListener('message', () => {
        answer(stream, id)
        id += 1
      })
    }
  const root = new Uint8Array(32)
  const header = (id: number, size: number, piece: number | undefined): Uint8Array =>
    toFrame(pieceResponseCodec.encode({ v: 1, id, status: 'ok', size, ...(piece === undefined ? {} : { piece }) }))

  test.each([
    ['10 MB of garbage', (stream: Stream) => stream.send(patterned(10_000_000).fill(0xee))],
    ['10 MB of small frames', (stream: Stream) => stream.send(new Uint8Array(10_000_000).fill(40))],
    ['a wrong piece size', (stream: Stream, id: number) => stream.send(header(id, 11, 0))],
    ['an answer without a request', (stream: Stream) => stream.send(header(99, 10, 0))],
    ['a piece that was not requested', (stream: Stream, id: number) => stream.send(header(id, 10, 1))],
    ['a manifest instead of a piece', (stream: Stream, id: number) => stream.send(header(id, 10, undefined))],
    [
      'fewer bytes than announced',
      (stream: Stream, id: number) => {
        stream.send(header(id, 10, 0))
        stream.send(toFrame(patterned(9)))
      },
    ],
    [
      'more bytes than announced',
      (stream: Stream, id: number) => {
        stream.send(header(id, 10, 0))
        stream.send(toFrame(patterned(11)))
      },
    ],
  ])('aborts the stream on %s, and rejects with RecordMalformed', async (_name, answer) => {
    const { stream, client } = await clientOf(onRequest(answer))
    expect(await failureName(askPiece(client, root, 0, 10))).toBe('RecordMalformed')
    expect(stream.status).toBe('aborted')
    expect(await failureName(askPiece(client, root, 1, 10))).toBe('RecordMalformed')
  })

  test('times out on a peer that never answers, and on one that stops midway', async () => {
    const silent = await clientOf(() => {}, { stallTimeoutMs: 30 })
    expect(await failureName(askPiece(silent.client, root, 0, 10))).toBe('Timeout')
    const halting = await clientOf(
      onRequest((stream, id) => {
        stream.send(header(id, pieceBytes, 0))
        stream.send(varint(pieceBytes))
        stream.send(patterned(1000))
      }),
      { stallTimeoutMs: 30 },
    )
    expect(await failureName(askPiece(halting.client, root, 0, pieceBytes))).toBe('Timeout')
  })

  test('times out on a peer that sends a byte at a time', async () => {
    const timers: ReturnType<typeof setInterval>[] = []
    const { client } = await clientOf(
      onRequest((stream, id) => {
        stream.send(header(id, pieceBytes, 0))
        stream.send(varint(pieceBytes))
        timers.push(setInterval(() => stream.status === 'open' && stream.send(Uint8Array.of(1)), 5))
      }),
      { stallTimeoutMs: 10_000, answerTimeoutMs: 100 },
    )
    expect(await failureName(askPiece(client, root, 0, pieceBytes))).toBe('Timeout')
    for (const timer of timers) clearInterval(timer)
  })

  test('rejects pending requests when the peer resets or closes the stream, or the client closes', async () => {
    const reset = await clientOf(onRequest((stream) => stream.abort(new Error('gone'))))
    const open = [askPiece(reset.client, root, 0, 10), reset.client.manifest(root)]
    expect(await Promise.all(open.map(failureName))).toEqual(['PeerUnreachable', 'PeerUnreachable'])
    const closing = await clientOf(onRequest((stream) => void stream.close()))
    expect(await failureName(askPiece(closing.client, root, 0, 10))).toBe('PeerUnreachable')
    const here = await clientOf(() => {})
    const answer = askPiece(here.client, root, 0, 10)
    here.client.close()
    expect(await failureName(answer)).toBe('PeerUnreachable')
    expect(await failureName(here.client.manifest(root))).toBe('PeerUnreachable')
  })
})
