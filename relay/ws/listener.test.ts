import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from '../../workers/testing/relay-network.ts'
import { createDice } from '../fuzz/dice.ts'
import { frame, frameKinds } from '../fuzz/frames.ts'
import { goodUpgrade } from '../fuzz/text.ts'
import { maxMessageBytes, unfinished } from './limits.ts'
import { listeningWebSockets } from './transport.ts'

const nodes: Libp2p[] = []
const sockets: Socket[] = []
const uncaught: unknown[] = []
const note = (error: unknown): void => void uncaught.push(error)

beforeEach(() => {
  // Vitest fails the run for these, but not the test that caused them.
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  expect(uncaught.splice(0)).toEqual([])
})

/** Longer than any test (ms). */
const longMs = 600_000

interface Listening {
  node: Libp2p
  port: number
}

const listen = async (handshakeTimeoutMs?: number): Promise<Listening> => {
  const listener = listeningWebSockets({
    onError: note,
    ...(handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs }),
  })
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [listener.transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      inboundConnectionThreshold: 10_000,
      maxIncomingPendingConnections: 1_000,
      ...(handshakeTimeoutMs === undefined ? {} : { inboundUpgradeTimeout: handshakeTimeoutMs }),
    },
  })
  nodes.push(node)
  return { node, port: listener.port() }
}

const open = async (port: number): Promise<Socket> => {
  const socket = connect({ host: '127.0.0.1', port })
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

const openWebSocket = async (port: number): Promise<Socket> => {
  const socket = await open(port)
  socket.write(goodUpgrade)
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toContain('101 Switching Protocols')
  return socket
}

/** Resolves when the socket has closed, also by an error. */
const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })

/** Returns the code of the close frame, if one arrives before the end. */
const closeCode = async (socket: Socket): Promise<number | undefined> => {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
  await gone(socket)
  const at = received.lastIndexOf(0x88)
  return at < 0 || received.length < at + 4 ? undefined : received.readUInt16BE(at + 2)
}

const dialFrom = async ({ node }: Listening): Promise<void> => {
  const dialler = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
  })
  nodes.push(dialler)
  await dialler.dial(node.getMultiaddrs())
}

describe('a WebSocket that breaks the framing protocol', () => {
  it.each(Object.keys(frameKinds))('loses at most its own connection: %s', async (kind) => {
    const listening = await listen()
    for (let seed = 0; seed < 8; seed += 1) {
      const socket = await openWebSocket(listening.port)
      socket.resume()
      socket.write(frameKinds[kind]?.(createDice(seed)) ?? Buffer.alloc(0))
      const closed = gone(socket)
      socket.end()
      await closed
    }
    await dialFrom(listening)
  })

  it.each([
    ['reserved bits', frame(2, Buffer.from('a'), { reserved: 2 }), 1002],
    ['an unmasked frame', frame(2, Buffer.from('a'), { masked: false }), 1002],
    ['bad UTF-8', frame(1, Buffer.from([0xff])), 1007],
    ['a message above the limit', frame(2, Buffer.alloc(0), { length: BigInt(maxMessageBytes + 1) }), 1009],
    ['a message of 1 MiB', frame(2, Buffer.alloc(0), { length: 1n << 20n }), 1009],
  ])('is closed with the status code of RFC 6455: %s', async (_what, bytes, code) => {
    const { port } = await listen()
    const socket = await openWebSocket(port)
    socket.write(bytes)
    expect(await closeCode(socket)).toBe(code)
  })

  it('loses its connection when it sends pings and never reads the pongs', async () => {
    const { node, port } = await listen()
    const socket = await openWebSocket(port)
    socket.pause()
    // Several times what the operating system buffers for a socket that is not read.
    const manyPings = 60_000_000
    const pings = Buffer.concat(Array.from({ length: 1_000 }, () => frame(9, Buffer.alloc(125))))
    let written = 0
    const pour = (): void => {
      while (written < manyPings && !socket.destroyed && socket.write(pings)) written += pings.length
    }
    socket.on('drain', pour)
    const closed = gone(socket)
    pour()
    await closed
    expect(written).toBeLessThan(manyPings)
    expect(node.getConnections()).toEqual([])
  })
})

describe('a connection with an unfinished handshake', () => {
  const handshake = Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n')

  it.each([
    ['silence', []],
    ['half a request', [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\nX')]],
    ['a request body without an end', [Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx')]],
    [
      'a refused handshake that is kept open',
      [Buffer.from('GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')],
    ],
    ['a WebSocket without a message', [goodUpgrade]],
    ['an unfinished frame', [goodUpgrade, frame(2, Buffer.alloc(10), { length: 1_000n })]],
    ['a message without an end', [goodUpgrade, frame(2, Buffer.alloc(10), { fin: false })]],
    ['noise that stops in the middle', [goodUpgrade, frame(2, handshake)]],
    ['pings alone', [goodUpgrade, frame(9, Buffer.alloc(0))]],
  ])('is closed at the deadline: %s', async (_what, parts) => {
    const listening = await listen(200)
    const socket = await open(listening.port)
    const closed = gone(socket)
    socket.resume()
    for (const part of parts) socket.write(part)
    await closed
    expect(listening.node.getConnections()).toEqual([])
  })

  it('is closed at the deadline though it sends its request byte by byte', async () => {
    const { port } = await listen(200)
    const socket = await open(port)
    const closed = gone(socket)
    let at = 0
    const drip = setInterval(() => socket.write(`${at++ % 10}`), 5)
    socket.write('GET / HTTP/1.1\r\nX: ')
    socket.resume()
    await closed
    clearInterval(drip)
  })

  it('does not lock others out in any number', async () => {
    const listening = await listen()
    for (let count = 0; count < unfinished.perAddress + 50; count += 1) await open(listening.port)
    const closed = (): number => sockets.filter(({ destroyed }) => destroyed).length
    for (const socket of sockets) socket.resume()
    await dialFrom(listening)
    await until('the oldest are closed', () => closed() === 51)
    expect(sockets.findIndex(({ destroyed }) => !destroyed)).toBe(51)
  })

  it('does not delay the stop of the node', async () => {
    const { node, port } = await listen()
    for (const part of ['', 'GET / HT', goodUpgrade]) (await open(port)).write(part)
    await (await openWebSocket(port)).write(frame(2, Buffer.alloc(10), { length: 1_000n }))
    await node.stop()
    expect(nodes.splice(nodes.indexOf(node), 1)).toEqual([node])
  })
})

describe('eight sockets with endless messages', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }

  const opening = frame(2, Buffer.alloc(1), { fin: false })
  const piece = Buffer.alloc(32_768)
  const tiny = frame(0, Buffer.alloc(1), { fin: false })

  it.each([
    ['a frame at the limit', frame(2, Buffer.alloc(0), { length: BigInt(maxMessageBytes) }), piece, 7],
    ['a frame of 90 MB', frame(2, Buffer.alloc(0), { length: 90_000_000n }), piece, 300],
    ['large fragments', opening, frame(0, piece, { fin: false }), 300],
    ['tiny fragments', opening, Buffer.concat(Array.from({ length: 1_000 }, () => tiny)), 16],
    [
      'empty fragments',
      opening,
      Buffer.concat(Array.from({ length: 1_000 }, () => frame(0, Buffer.alloc(0), { fin: false }))),
      100,
    ],
  ])('hold no more memory than the limit allows: %s', async (_what, start, part, times) => {
    const { port } = await listen(longMs)
    const eight = await Promise.all(Array.from({ length: 8 }, () => openWebSocket(port)))
    const before = held()
    await Promise.all(
      eight.map(async (socket) => {
        socket.resume()
        socket.write(start)
        for (let count = 0; count < times && !socket.destroyed; count += 1)
          if (!socket.write(part))
            await Promise.race([gone(socket), new Promise((resolve) => socket.once('drain', resolve))])
      }),
    )
    await runEventLoop(2_000)
    // Eight messages at the limit, and as much again for the cost of reading them.
    await until('it is bounded', () => held() - before < 2 * 8 * maxMessageBytes)
  })
})

/** Runs `count` turns of the event loop, so that both ends, which share this process, read their input. */
const runEventLoop = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
