import { expect, test } from 'vitest'
import { connect, startPeer, type TestPeer } from '../testing/rtc-pair.ts'

/** Prints the speed of both paths next to a plain data channel between two connections of one page; asserts nothing. */
const MEBIBYTE = 1024 * 1024
const VOLUME = 24 * MEBIBYTE
/** Sends like libp2p: messages of 16 KiB until 2 MiB are buffered. */
const MESSAGE = 16 * 1024
const HIGH_WATER = 2 * MEBIBYTE
const ROUNDS = 3

test('throughput of both paths', { timeout: 180_000 }, async () => {
  const plain = await connectPlain()
  const pairs: Record<'transfer' | 'message', [TestPeer, TestPeer]> = {
    transfer: [await startPeer('transfer'), await startPeer('transfer')],
    message: [await startPeer('message'), await startPeer('message')],
  }
  const speeds: Record<'plain' | 'transfer' | 'message', number[]> = { plain: [], transfer: [], message: [] }
  try {
    for (const pair of Object.values(pairs)) await connect(...pair)
    // Interleaved, because the load of the machine changes from second to second.
    for (let round = 0; round < ROUNDS; round += 1) {
      speeds.plain.push(speedOf(await floodPlain(plain.from)))
      for (const path of ['transfer', 'message'] as const) {
        const flood = await pairs[path][0].peer.flood(VOLUME, MESSAGE, HIGH_WATER)
        expect(flood).toMatchObject({ bytes: VOLUME, inOrder: true })
        speeds[path].push(speedOf(flood.tookMs))
      }
    }
  } finally {
    plain.close()
    for (const peer of Object.values(pairs).flat()) peer.stop()
  }
  const shown = Object.entries(speeds).map(
    ([path, all]) => `${path} ${all.map((speed) => speed.toFixed(1)).join(', ')}`,
  )
  console.info(`MB/s over a data channel, ${ROUNDS} rounds: ${shown.join('; ')}`)
})

const speedOf = (tookMs: number) => VOLUME / 1000 / tookMs

const connectPlain = async () => {
  const from = new RTCPeerConnection()
  const to = new RTCPeerConnection()
  from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate ?? undefined)
  to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate ?? undefined)
  to.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer'
    let bytes = 0
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (typeof data === 'string') channel.send(String(bytes))
      else bytes += data.byteLength
    }
  }
  const first = from.createDataChannel('first')
  await from.setLocalDescription()
  await to.setRemoteDescription(from.localDescription ?? { type: 'offer' })
  await to.setLocalDescription()
  await from.setRemoteDescription(to.localDescription ?? { type: 'answer' })
  await new Promise((resolve) => first.addEventListener('open', resolve, { once: true }))
  return {
    from,
    close() {
      from.close()
      to.close()
    },
  }
}

const floodPlain = async (connection: RTCPeerConnection): Promise<number> => {
  const channel = connection.createDataChannel('sink')
  await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
  const started = performance.now()
  for (let sent = 0; sent < VOLUME; sent += MESSAGE) {
    channel.send(new Uint8Array(MESSAGE))
    if (channel.bufferedAmount >= HIGH_WATER)
      await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
  }
  const received = await new Promise((resolve) => {
    channel.addEventListener('message', ({ data }) => resolve(data), { once: true })
    channel.send('how much?')
  })
  expect(Number(received)).toBe(VOLUME)
  const tookMs = performance.now() - started
  channel.close()
  return tookMs
}
