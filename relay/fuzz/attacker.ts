import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MessageStream, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { WebSocket } from 'ws'
import { silentLogger } from '../../workers/stack/silent-logger.ts'
import { createWebSocketConnection } from '../ws/connection.ts'
import type { Dice } from './dice.ts'
import { frame, frameKinds } from './frames.ts'
import { selectBytes, selectGreeting, selectMessage, yamuxKinds } from './mux.ts'
import { goodUpgrade, httpBytes, tcpBytes, upgradeBytes } from './text.ts'

export interface Target {
  host: string
  pagePort: number
  relayPort: number
}

/** Opens, misuses and closes one connection; returns the kind of misuse. Never rejects because of the other side. */
export type Attack = (dice: Dice, target: Target) => Promise<string>

/** Time for the other side to answer or close before a case closes its connection (ms). */
const reactionTimeoutMs = 40

/** Limit for a well-formed handshake, which takes a few milliseconds, or more on a busy machine (ms). */
const handshakeTimeoutMs = 5_000

const port = (dice: Dice, target: Target): number => (dice.oneIn(2) ? target.pagePort : target.relayPort)

const tcp: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await sendAndClose(socket, [tcpBytes(dice)], dice)
  return 'tcp'
}

const http: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await sendAndClose(socket, [httpBytes(dice)], dice)
  return 'http'
}

const upgrade: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await sendAndClose(socket, [upgradeBytes(dice)], dice)
  return 'upgrade'
}

/** Sends one to three frames of any kind, after the handshake or in the same write. */
const frames: Attack = async (dice, { host, relayPort }) => {
  const names = Array.from({ length: dice.between(1, 3) }, () => dice.pick(Object.keys(frameKinds)))
  const bytes = names.map((name) => frameKinds[name]?.(dice) ?? Buffer.alloc(0))
  const socket = await open(host, relayPort)
  if (dice.oneIn(5)) bytes.unshift(goodUpgrade)
  else {
    socket.write(goodUpgrade)
    await within(once(socket, 'data'), handshakeTimeoutMs)
  }
  await sendAndClose(socket, bytes, dice)
  return `frames: ${names[0]}`
}

/** Sends bytes in well-formed frames in place of libp2p's handshake. */
const handshake: Attack = async (dice, { host, relayPort }) => {
  const socket = await open(host, relayPort)
  socket.write(goodUpgrade)
  await within(once(socket, 'data'), handshakeTimeoutMs)
  const parts = dice.oneIn(3)
    ? [selectBytes(dice)]
    : [selectGreeting, selectMessage('/noise'), ...Array.from({ length: dice.between(1, 4) }, () => noiseBytes(dice))]
  const bytes = dice.oneIn(2) ? [Buffer.concat(parts)] : parts
  await sendAndClose(
    socket,
    bytes.map((part) => frame(2, part)),
    dice,
  )
  return 'handshake'
}

/** A noise message: its length, which may be wrong, and its bytes. */
const noiseBytes = (dice: Dice): Buffer => {
  const body = dice.pick([
    () => dice.bytes(32),
    () => Buffer.alloc(32),
    () => dice.bytes(96),
    () => dice.bytes(dice.below(400)),
    () => Buffer.alloc(dice.pick([65_519, 65_520, 65_535]), 7),
    () => Buffer.alloc(0),
  ])()
  const length = Buffer.alloc(2)
  length.writeUInt16BE(dice.oneIn(4) ? dice.below(65_536) : body.length)
  return Buffer.concat([length, body])
}

/** Completes the handshake, then sends yamux frames or random bytes, encrypted or in the clear. */
const muxer: Attack = async (dice, target) => {
  const name = dice.pick(Object.keys(yamuxKinds))
  const session = await secure(dice, target)
  if (session === undefined) return 'yamux: no handshake'
  const { secured, bare, socket } = session
  secured.addEventListener('message', () => {})
  // A peer that does not read responses.
  if (dice.oneIn(8)) socket.pause()
  const parts = yamuxKinds[name]?.(dice) ?? []
  try {
    if (dice.oneIn(2)) secured.send(Buffer.concat(parts))
    else for (const part of parts) secured.send(part)
    if (dice.oneIn(8)) bare.send(noiseBytes(dice))
  } catch {
    // The other side has closed the connection.
  }
  if (socket.readyState === WebSocket.OPEN && !dice.oneIn(3)) await within(once(socket, 'close'), reactionTimeoutMs)
  if (dice.oneIn(2)) socket.terminate()
  else socket.close()
  if (socket.readyState !== WebSocket.CLOSED) await within(once(socket, 'close'), reactionTimeoutMs)
  socket.terminate()
  return `yamux: ${name}`
}

interface Session {
  secured: MessageStream
  /** The unencrypted connection below. */
  bare: MessageStream
  socket: WebSocket
}

/** Few, so that a peer often reconnects while its older connection is open. */
const keys: PrivateKey[] = await Promise.all(Array.from({ length: 64 }, () => generateKeyPair('Ed25519')))

const secure = async (dice: Dice, { host, relayPort }: Target): Promise<Session | undefined> => {
  const socket = new WebSocket(`ws://${host}:${relayPort}/`)
  socket.on('error', () => {})
  if (!(await within(once(socket, 'open'), handshakeTimeoutMs))) return undefined
  const bare = createWebSocketConnection(socket, {
    remoteAddr: multiaddr(`/ip4/${host}/tcp/${relayPort}/ws`),
    log: silentLogger.forComponent('fuzz'),
  })
  try {
    const proposal = [selectGreeting, selectMessage('/noise')]
    await exchange(bare, Buffer.concat(proposal))
    const privateKey = dice.pick(keys)
    // The muxer is negotiated within the handshake or after it.
    const isEarly = !dice.oneIn(4)
    const muxers = new Map([['/yamux/1.0.0', {}]])
    const components = {
      privateKey,
      peerId: peerIdFromPrivateKey(privateKey),
      logger: silentLogger,
      upgrader: { getStreamMuxers: () => muxers },
    }
    const encrypter = noise()(components as unknown as Parameters<ReturnType<typeof noise>>[0])
    const { connection } = await encrypter.secureOutbound(bare, {
      signal: AbortSignal.timeout(handshakeTimeoutMs),
      skipStreamMuxerNegotiation: !isEarly,
    })
    if (!isEarly && dice.oneIn(3)) connection.send(selectBytes(dice))
    else if (!isEarly) await exchange(connection, Buffer.concat([selectGreeting, selectMessage('/yamux/1.0.0')]))
    return { secured: connection, bare, socket }
  } catch {
    socket.terminate()
    return undefined
  }
}

/** Sends bytes and waits until as many have been received. */
const exchange = async (connection: MessageStream, bytes: Buffer): Promise<void> => {
  const done = Promise.withResolvers<void>()
  let received = 0
  const count = ({ data }: { data: { byteLength: number } }): void => {
    received += data.byteLength
    if (received >= bytes.length) done.resolve()
  }
  connection.addEventListener('message', count)
  connection.addEventListener('close', () => done.reject(new Error('closed')))
  connection.send(bytes)
  if (!(await within(done.promise, handshakeTimeoutMs))) throw new Error('No answer.')
  connection.removeEventListener('message', count)
}

const open = async (host: string, port: number): Promise<Socket> => {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  await within(once(socket, 'connect'), handshakeTimeoutMs)
  return socket
}

/** Writes in pieces, then closes or resets the connection. */
const sendAndClose = async (socket: Socket, parts: readonly Buffer[], dice: Dice): Promise<void> => {
  if (!dice.oneIn(10)) socket.resume()
  for (const part of parts) {
    const cut = dice.oneIn(3) ? dice.below(part.length + 1) : part.length
    socket.write(part.subarray(0, cut))
    if (cut === part.length) continue
    await new Promise((resolve) => setImmediate(resolve))
    socket.write(part.subarray(cut))
  }
  const closed = once(socket, 'close')
  closed.catch(() => {})
  if (dice.oneIn(3)) socket.end()
  if (!dice.oneIn(3)) await within(closed, reactionTimeoutMs)
  if (dice.oneIn(2)) socket.resetAndDestroy()
  else socket.destroy()
}

/** True if the promise resolves in time. */
const within = async (promise: Promise<unknown>, ms: number): Promise<boolean> => {
  let deadline: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    deadline = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => false,
      ),
      timeout,
    ])
  } finally {
    clearTimeout(deadline)
  }
}

/** Weighted by repetition: the more state behind a layer, the more cases. */
export const attacks: readonly Attack[] = [
  tcp,
  http,
  http,
  upgrade,
  frames,
  frames,
  frames,
  handshake,
  muxer,
  muxer,
  muxer,
]
