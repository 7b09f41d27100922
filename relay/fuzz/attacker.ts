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

/** One connection with something wrong in it, made, misused and ended. Never rejects for what the other side does. */
export type Attack = (dice: Dice, target: Target) => Promise<string>

/** How long a case waits for the other side to end the connection or to answer, before it leaves itself (ms). */
const patienceMs = 40

/** A handshake between two honest sides takes a few milliseconds; on a busy machine more (ms). */
const handshakeMs = 5_000

const port = (dice: Dice, target: Target): number => (dice.oneIn(2) ? target.pagePort : target.relayPort)

const tcp: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await play(socket, [tcpBytes(dice)], dice)
  return 'tcp'
}

const http: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await play(socket, [httpBytes(dice)], dice)
  return 'http'
}

const upgrade: Attack = async (dice, target) => {
  const socket = await open(target.host, port(dice, target))
  await play(socket, [upgradeBytes(dice)], dice)
  return 'upgrade'
}

/** Some frames of any kind, after a handshake or in the same piece with it. */
const frames: Attack = async (dice, { host, relayPort }) => {
  const names = Array.from({ length: dice.between(1, 3) }, () => dice.pick(Object.keys(frameKinds)))
  const bytes = names.map((name) => frameKinds[name]?.(dice) ?? Buffer.alloc(0))
  const socket = await open(host, relayPort)
  if (dice.oneIn(5)) bytes.unshift(goodUpgrade)
  else {
    socket.write(goodUpgrade)
    await within(once(socket, 'data'), handshakeMs)
  }
  await play(socket, bytes, dice)
  return `frames: ${names[0]}`
}

/** Bytes in good frames in place of the handshake of libp2p. */
const handshake: Attack = async (dice, { host, relayPort }) => {
  const socket = await open(host, relayPort)
  socket.write(goodUpgrade)
  await within(once(socket, 'data'), handshakeMs)
  const parts = dice.oneIn(3)
    ? [selectBytes(dice)]
    : [selectGreeting, selectMessage('/noise'), ...Array.from({ length: dice.between(1, 4) }, () => noiseBytes(dice))]
  const bytes = dice.oneIn(2) ? [Buffer.concat(parts)] : parts
  await play(
    socket,
    bytes.map((part) => frame(2, part)),
    dice,
  )
  return 'handshake'
}

/** A message of noise: its length, which may be wrong, and its bytes. */
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

/** A good handshake, then frames of yamux, or of nothing, within noise or beside it. */
const muxer: Attack = async (dice, target) => {
  const name = dice.pick(Object.keys(yamuxKinds))
  const session = await secure(dice, target)
  if (session === undefined) return 'yamux: no handshake'
  const { secured, bare, socket } = session
  secured.addEventListener('message', () => {})
  // A peer that reads nothing of what it is answered.
  if (dice.oneIn(8)) socket.pause()
  const parts = yamuxKinds[name]?.(dice) ?? []
  try {
    if (dice.oneIn(2)) secured.send(Buffer.concat(parts))
    else for (const part of parts) secured.send(part)
    if (dice.oneIn(8)) bare.send(noiseBytes(dice))
  } catch {
    // The other side has ended it.
  }
  if (socket.readyState === WebSocket.OPEN && !dice.oneIn(3)) await within(once(socket, 'close'), patienceMs)
  if (dice.oneIn(2)) socket.terminate()
  else socket.close()
  if (socket.readyState !== WebSocket.CLOSED) await within(once(socket, 'close'), patienceMs)
  socket.terminate()
  return `yamux: ${name}`
}

interface Session {
  secured: MessageStream
  /** The connection under it. */
  bare: MessageStream
  socket: WebSocket
}

/** Few, so that a peer often comes again while its older connection is there. */
const keys: PrivateKey[] = await Promise.all(Array.from({ length: 64 }, () => generateKeyPair('Ed25519')))

const secure = async (dice: Dice, { host, relayPort }: Target): Promise<Session | undefined> => {
  const socket = new WebSocket(`ws://${host}:${relayPort}/`)
  socket.on('error', () => {})
  if (!(await within(once(socket, 'open'), handshakeMs))) return undefined
  const bare = createWebSocketConnection(socket, {
    remoteAddr: multiaddr(`/ip4/${host}/tcp/${relayPort}/ws`),
    log: silentLogger.forComponent('fuzz'),
  })
  try {
    const agreed = [selectGreeting, selectMessage('/noise')]
    await exchange(bare, Buffer.concat(agreed))
    const privateKey = dice.pick(keys)
    // The muxer is agreed on within the handshake, or after it.
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
      signal: AbortSignal.timeout(handshakeMs),
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

/** Sends, and waits until as many bytes have come back. */
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
  if (!(await within(done.promise, handshakeMs))) throw new Error('There was no answer.')
  connection.removeEventListener('message', count)
}

const open = async (host: string, port: number): Promise<Socket> => {
  const socket = connect({ host, port })
  socket.on('error', () => {})
  await within(once(socket, 'connect'), handshakeMs)
  return socket
}

/** Writes in pieces, then goes away in one of the ways that there are. */
const play = async (socket: Socket, parts: readonly Buffer[], dice: Dice): Promise<void> => {
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
  if (!dice.oneIn(3)) await within(closed, patienceMs)
  if (dice.oneIn(2)) socket.resetAndDestroy()
  else socket.destroy()
}

/** False when it took longer, or failed. */
const within = async (promise: Promise<unknown>, ms: number): Promise<boolean> => {
  let deadline: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    deadline = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => false,
      ),
      late,
    ])
  } finally {
    clearTimeout(deadline)
  }
}

/** As often as there is something to find. */
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
