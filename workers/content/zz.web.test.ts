const relay = '/ip4/127.0.0.1/tcp/45871/ws/p2p/12D3KooWLQSZ3XPw3MMPG6qp8GrHvEAnoEUyt8jf3tDM8z5mthBT'

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { test } from 'vitest'
import { PIECE_PROTOCOL } from '../protocol/protocols.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { openIdbStore } from '../store/idb-store.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createContentStore } from './content-store.ts'
import { fetchContent } from './fetch.ts'
import { createPieceServer, pieceHandlerOptions } from './piece-server.ts'

const size = 50 * 1024 * 1024
const rawChannel = async (bytes: Uint8Array, chunk: number): Promise<number> => {
  const a = new RTCPeerConnection()
  const b = new RTCPeerConnection()
  a.onicecandidate = ({ candidate }) => void (candidate && b.addIceCandidate(candidate))
  b.onicecandidate = ({ candidate }) => void (candidate && a.addIceCandidate(candidate))
  const ch = a.createDataChannel('x')
  ch.binaryType = 'arraybuffer'
  let got = 0
  let started = 0
  const done = new Promise<void>((resolve) => {
    b.ondatachannel = ({ channel }) => {
      channel.binaryType = 'arraybuffer'
      channel.onmessage = ({ data }) => {
        got += data.byteLength
        if (got >= size) resolve()
      }
    }
  })
  const opened = new Promise((r) => {
    ch.onopen = r
  })
  await a.setLocalDescription()
  await b.setRemoteDescription(a.localDescription!)
  await b.setLocalDescription()
  await a.setRemoteDescription(b.localDescription!)
  await opened
  started = performance.now()
  ch.bufferedAmountLowThreshold = 512 * 1024
  for (let o = 0; o < size; o += chunk) {
    if (ch.bufferedAmount > 2 * 1024 * 1024)
      await new Promise((r) => {
        ch.onbufferedamountlow = r
      })
    ch.send(bytes.subarray(o, o + chunk) as Uint8Array<ArrayBuffer>)
  }
  await done
  const ms = performance.now() - started
  a.close()
  b.close()
  return ms
}
test('speed', async () => {
  const bytes = new Uint8Array(size)
  for (let o = 0; o < size; o += 65536) crypto.getRandomValues(bytes.subarray(o, o + 65536))
  const out: string[] = []
  const make = async (listen: string[]) =>
    createLibp2p({
      addresses: { listen },
      transports: [webSockets(), circuitRelayTransport(), webRTC({ rtcConfiguration: { iceServers: [] } })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify() },
    })
  const holder = await make([`${relay}/p2p-circuit`, '/webrtc'])
  const node = await make([])
  while (!holder.getMultiaddrs().some((m) => m.toString().includes('/webrtc')))
    await new Promise((r) => setTimeout(r, 50))
  const address = holder.getMultiaddrs().find((m) => m.toString().includes('/webrtc'))!
  const connection = await node.dial(multiaddr(address.toString()))
  out.push(connection.remoteAddr.toString() + ' limited ' + String(connection.limits))
  let n = 0
  const open = async (k: string) => (k === 'idb' ? openIdbStore(`speed-${Date.now()}-${n++}`) : createMemoryStore())
  for (const [from, to] of [['mem','mem'],['idb','mem'],['idb','idb'],['mem','mem'],['idb','idb']]) {
    const store = await open(from!)
    const content = createContentStore({ store, crypto: webCrypto })
    const staged = await content.stage([{ path: 'big', bytes }])
    await store.write(content.changes(staged), { durability: 'strict' })
    const server = createPieceServer({ content, report: () => {} })
    await holder.handle(PIECE_PROTOCOL, (s, c) => server.handle(s, c.remotePeer.toString()), {
      ...pieceHandlerOptions,
      force: true,
    })
    for (let round = 0; round < 3; round++) {
      const raw16 = await rawChannel(bytes, 16384)
      const content = createContentStore({ store: await open(to!), crypto: webCrypto })
      const t = performance.now()
      let last = 0
      let first = 0
      await fetchContent(
        staged.root,
        {
          content,
          now: () => performance.now(),
          report: (_, e) => {
            if (e.kind !== 'piece') out.push(JSON.stringify(e))
          },
          async *findProviders() {
            yield 'x'
          },
          openStream: (p, signal) => connection.newStream(PIECE_PROTOCOL, { signal }),
        },
        {
          onProgress: (p) => {
            if (p.state === 'fetching') {
              if (p.bytes > 0 && first === 0) first = performance.now()
              last = performance.now()
            }
          },
        },
      )
      const ms = performance.now() - t
      out.push(
        `${from} → ${to}: ${((50 / ms) * 1000).toFixed(1)} MiB/s, ${ms.toFixed(0)} ms, first piece ${(first - t).toFixed(0)} last piece at ${(last - t).toFixed(0)}; raw channel ${(50000 / raw16).toFixed(1)} MiB/s; ratio ${(raw16 / ms).toFixed(2)}`,
      )
    }
  }
  await node.stop()
  await holder.stop()
  console.log(out.join('\n'))
}, 180000)
