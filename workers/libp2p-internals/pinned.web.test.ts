import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream, StreamHandler, Transport, Upgrader } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { webRTC } from '@libp2p/webrtc'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, test, vi } from 'vitest'
import { silentLogger } from '../stack/silent-logger.ts'
import { repeatInitEvents } from './webrtc-init-channel.ts'
import { onlyConnected, rtcStateOf } from './webrtc-state.ts'

/** The hooks into the pinned version of `@libp2p/webrtc`, on a connection between two of its transports. */

const newId = async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

/** A transport with the minimal parts of a node; `upgraded` collects its connections. */
const compose = (openSignalling: () => Promise<Stream>) => {
  const upgraded: object[] = []
  let onSignalling: StreamHandler = () => {}
  const upgrade = async (connection: object): Promise<object> => {
    upgraded.push(connection)
    return connection
  }
  const upgrader = {
    upgradeInbound: upgrade,
    upgradeOutbound: upgrade,
    createInboundAbortSignal: (signal: AbortSignal) => Object.assign(AbortSignal.any([signal]), { clear() {} }),
  } as unknown as Upgrader
  const components = {
    upgrader,
    logger: silentLogger,
    connectionManager: { getConnections: () => [{ newStream: openSignalling }] },
    registrar: {
      async handle(_protocol: string, handler: StreamHandler) {
        onSignalling = handler
      },
      async unhandle() {},
    },
  }
  const transport = onlyConnected(webRTC() as unknown as (given: typeof components) => Transport, components)
  return {
    transport: transport as Transport & { start(): Promise<void>; stop(): Promise<void> },
    upgrader,
    upgraded,
    receive: (stream: Stream, connection: Connection) => onSignalling(stream, connection),
  }
}

test('a dial creates its first channel through the patched class, and connections expose their state', async () => {
  const [relay, self, other] = [await newId(), await newId(), await newId()]
  const circuit = `/ip4/127.0.0.1/tcp/1/ws/p2p/${relay}/p2p-circuit`
  const create = vi.spyOn(RTCPeerConnection.prototype, 'createDataChannel')
  repeatInitEvents()
  const listener = compose(() => Promise.reject(new Error('It does not dial.')))
  const dialler = compose(async () => {
    const [outbound, inbound] = await streamPair()
    void listener.receive(inbound, { remoteAddr: multiaddr(`${circuit}/p2p/${self}`), remotePeer: self } as Connection)
    return outbound
  })
  await listener.transport.start()
  const options = { upgrader: dialler.upgrader, signal: AbortSignal.timeout(60_000) }
  await dialler.transport.dial(multiaddr(`${circuit}/webrtc/p2p/${other}`), options)
  await expect.poll(() => listener.upgraded).toHaveLength(1)

  for (const maConn of [...dialler.upgraded, ...listener.upgraded])
    expect(rtcStateOf({ maConn } as unknown as Connection)).toBe('connected')

  expect(create.mock.calls.map(([label]) => label)).toEqual(['init'])
  const channel = create.mock.results[0]?.value as RTCDataChannel
  // Both events are over; without the hook a later listener would never receive them.
  for (const type of ['open', 'close'])
    await new Promise((resolve) => channel.addEventListener(type, resolve, { once: true }))
  await listener.transport.stop()
  create.mockRestore()
})
