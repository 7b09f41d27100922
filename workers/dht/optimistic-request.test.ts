import type { Connection } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { describe, expect, test, vi } from 'vitest'
import { concatBytes } from '../protocol/bytes.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import { requestOptimistically } from './optimistic-request.ts'

const protocol = '/test/1'
const question = Uint8Array.of(7, 8, 9)
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const line = (text: string): Uint8Array => concatBytes([varint(text.length + 1), bytesOf(`${text}\n`)])
const consent = concatBytes([line('/multistream/1.0.0'), line(protocol)])
const framed = (bytes: Uint8Array): Uint8Array => concatBytes([varint(bytes.length), bytes])

class FakeStream extends EventTarget {
  readonly sent: Uint8Array[] = []
  protocol = ''
  state: 'open' | 'closed' | 'aborted' = 'open'
  onSend: () => void = () => {}
  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes)
    this.onSend()
    return true
  }
  async close(): Promise<void> {
    this.state = 'closed'
  }
  abort(): void {
    this.state = 'aborted'
  }
  receive(...parts: Uint8Array[]): void {
    for (const data of parts) this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

const connect = () => {
  const streams: FakeStream[] = []
  const createStream = async (): Promise<FakeStream> => {
    const stream = new FakeStream()
    streams.push(stream)
    return stream
  }
  return { connection: { muxer: { createStream } } as unknown as Connection, streams }
}

const ask = async (options: { hasAnswer?: boolean; operation?: Operation } = {}) => {
  const { connection, streams } = connect()
  const answer = requestOptimistically(connection, protocol, question, {
    operation: untraced(),
    hasAnswer: true,
    ...options,
  })
  answer.catch(() => {})
  await vi.waitUntil(() => streams[0]?.sent.length === 1)
  const [stream] = streams
  if (stream === undefined) throw new Error('No stream was opened.')
  return { answer, stream }
}

describe('one request', () => {
  test('goes out with the protocol negotiation before any byte arrives', async () => {
    const { stream } = await ask()
    expect(stream.sent).toEqual([concatBytes([consent, framed(question)])])
  })

  test('assembles its answer from chunks of any size and closes the stream', async () => {
    const reply = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff)
    const whole = concatBytes([consent, framed(reply)])
    for (const size of [1, 7, 64, whole.length]) {
      const { answer, stream } = await ask()
      for (let at = 0; at < whole.length; at += size) stream.receive(whole.subarray(at, at + size))
      expect(await answer).toEqual(reply)
      expect(stream.state).toBe('closed')
    }
  })

  test('without an answer waits only for protocol agreement', async () => {
    const { answer, stream } = await ask({ hasAnswer: false })
    stream.receive(consent)
    expect(await answer).toEqual(new Uint8Array())
  })

  test.each([
    ['the peer does not support the protocol', [line('/multistream/1.0.0'), line('na')]],
    ['the peer sends noise', [new Uint8Array(100).fill(0xff)]],
    ['the answer is too long', [consent, varint(10_000_000)]],
    ['the length prefix of the answer never ends', [consent, new Uint8Array(20).fill(0xff)]],
  ])('fails and resets the stream when %s', async (_what, parts) => {
    const { answer, stream } = await ask()
    stream.receive(...parts)
    await expect(answer).rejects.toThrow()
    expect(stream.state).toBe('aborted')
  })

  test('fails when the stream ends in the middle of the answer', async () => {
    const { answer, stream } = await ask()
    stream.receive(consent, Uint8Array.of(9, 1))
    stream.dispatchEvent(new Event('remoteCloseWrite'))
    await expect(answer).rejects.toThrow()
  })

  test('resets its stream when it is cancelled', async () => {
    const stop = new AbortController()
    const { answer, stream } = await ask({ operation: untraced(stop.signal) })
    stop.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    expect(stream.state).toBe('aborted')
  })
})

describe('many requests on one connection', () => {
  test('are all answered, at most 16 at a time', async () => {
    const { connection, streams } = connect()
    const answers = Array.from({ length: 50 }, () =>
      requestOptimistically(connection, protocol, question, { operation: untraced(), hasAnswer: true }),
    )
    for (let answered = 0; answered < 50; answered += 1) {
      await vi.waitUntil(() => streams[answered]?.sent.length === 1)
      expect(streams.filter(({ state }) => state === 'open').length).toBeLessThanOrEqual(16)
      streams[answered]?.receive(concatBytes([consent, framed(Uint8Array.of(answered))]))
    }
    expect((await Promise.all(answers)).map(([first]) => first)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })

  test('a request cancelled while it waits does not use up a permit', async () => {
    const { connection, streams } = connect()
    const stop = new AbortController()
    const first = Array.from({ length: 16 }, () =>
      requestOptimistically(connection, protocol, question, { operation: untraced(), hasAnswer: false }),
    )
    const stopped = requestOptimistically(connection, protocol, question, {
      operation: untraced(stop.signal),
      hasAnswer: false,
    })
    const last = requestOptimistically(connection, protocol, question, { operation: untraced(), hasAnswer: false })
    await vi.waitUntil(() => streams.length === 16)
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    for (const stream of streams) stream.receive(consent)
    await Promise.all(first)
    await vi.waitUntil(() => streams.length === 17)
    streams[16]?.receive(consent)
    await last
  })
})
