import { generateKeyPair } from '@libp2p/crypto/keys'
import type { StreamMuxer, Upgrader } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux as stockYamux } from '@libp2p/yamux'
import { describe, expect, it, vi } from 'vitest'
import { noise } from './encryption.ts'
import { maxStreamWindowBytes, maxUnsentBytes } from './limits.ts'
import { yamux } from './muxer.ts'
import { silentLogger } from './silent-logger.ts'

/** Header of a yamux data frame. */
const dataHeader = (stream: number, length: number, flags = 0): Uint8Array => {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint16(2, flags)
  view.setUint32(4, stream)
  view.setUint32(8, length)
  return bytes
}

const syn = 1

describe.each([
  ['ours', yamux],
  ['the stock one, patched (patches/)', stockYamux],
])('a yamux muxer, %s', (_name, create) => {
  const receive = (): { send(bytes: Uint8Array): void; muxer: StreamMuxer; ended: Promise<unknown> } => {
    const [outbound, inbound] = multiaddrConnectionPair()
    const muxer = create()().createStreamMuxer(inbound)
    muxer.addEventListener('stream', () => {})
    const ended = new Promise((resolve) => inbound.addEventListener('close', resolve, { once: true }))
    return { send: (bytes) => void outbound.send(bytes), muxer, ended }
  }

  it.each([
    ['for an unknown stream', dataHeader(1, 0xffff_ffff)],
    ['that opens a stream', dataHeader(1, 0xffff_ffff, syn)],
  ])('closes the connection on the header of a frame larger than any window, %s', async (_what, header) => {
    const { send, ended, muxer } = receive()
    // Only the header of the frame.
    send(header)
    await ended
    expect(muxer.streams).toEqual([])
  })

  it('closes the connection on the header of a frame larger than the remaining window', async () => {
    const { send, ended, muxer } = receive()
    send(dataHeader(1, 10, syn))
    send(new Uint8Array(10))
    await vi.waitFor(() => expect(muxer.streams).toHaveLength(1))
    send(dataHeader(1, maxStreamWindowBytes + 1))
    await ended
  })
})

it('aborting a muxer with a closed connection does not throw', async () => {
  const [, inbound] = multiaddrConnectionPair()
  const muxer = yamux()().createStreamMuxer(inbound)
  inbound.send = () => {
    throw new Error('closed')
  }
  muxer.abort(new Error('enough'))
  expect(muxer.status).toBe('closed')
})

it('a peer that never reads its answers loses its connection', async () => {
  const [client, server] = multiaddrConnectionPair()
  const [one, other] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
  const secure = async (privateKey: typeof one, side: 'secureInbound' | 'secureOutbound') => {
    const components = {
      privateKey,
      peerId: peerIdFromPrivateKey(privateKey),
      logger: silentLogger,
      upgrader: { getStreamMuxers: () => new Map() } satisfies Pick<Upgrader, 'getStreamMuxers'>,
    }
    const encrypter = noise()(components as unknown as Parameters<ReturnType<typeof noise>>[0])
    return encrypter[side](side === 'secureInbound' ? server : client, { skipStreamMuxerNegotiation: true })
  }
  const [{ connection }] = await Promise.all([secure(one, 'secureInbound'), secure(other, 'secureOutbound')])
  // The transport stays full, as when the peer never reads.
  let reached = 0
  server.send = ({ byteLength }) => {
    reached += byteLength
    return false
  }
  const answer = new Uint8Array(64 * 1024)
  let sent = 0
  while (connection.status === 'open' && sent < 10 * maxUnsentBytes) {
    connection.send(answer)
    sent += answer.length
  }
  expect(connection.status).toBe('aborted')
  expect(sent - reached).toBeLessThanOrEqual(maxUnsentBytes + answer.length)
})
