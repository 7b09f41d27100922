import type { Page } from '@playwright/test'

/** Message size (bytes): the fastest of 16, 64 and 256 KiB. */
const messageBytes = 65_536

/**
 * Sends `bytes` over a plain RTCDataChannel from one page to another, without hashing, storage or framing; resolves with
 * the speed between the first and the last received message (MB/s).
 */
export const measureRawChannel = async (from: Page, to: Page, bytes: number): Promise<number> => {
  const offer = await from.evaluate(async () => {
    const connection = new RTCPeerConnection()
    const channel = connection.createDataChannel('raw', { ordered: true })
    Object.assign(window, { rawConnection: connection, rawChannel: channel })
    await connection.setLocalDescription(await connection.createOffer())
    await gathered(connection)
    return connection.localDescription?.toJSON()

    function gathered(connection: RTCPeerConnection): Promise<void> {
      return new Promise((resolve) => {
        if (connection.iceGatheringState === 'complete') return resolve()
        connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve()
      })
    }
  })
  const answer = await to.evaluate(
    async ({ offer, bytes }) => {
      const connection = new RTCPeerConnection()
      const received = new Promise<number>((resolve) => {
        connection.ondatachannel = ({ channel }) => {
          channel.binaryType = 'arraybuffer'
          let count = 0
          let start = 0
          channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
            start ||= performance.now()
            count += data.byteLength
            if (count >= bytes) resolve(count / 1e6 / ((performance.now() - start) / 1000))
          }
        }
      })
      Object.assign(window, { rawConnection: connection, rawReceived: received })
      await connection.setRemoteDescription(offer as RTCSessionDescriptionInit)
      await connection.setLocalDescription(await connection.createAnswer())
      await new Promise<void>((resolve) => {
        if (connection.iceGatheringState === 'complete') return resolve()
        connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve()
      })
      return connection.localDescription?.toJSON()
    },
    { offer, bytes },
  )
  const sending = from.evaluate(
    async ({ answer, bytes, messageBytes }) => {
      const { rawConnection: connection, rawChannel: channel } = window as unknown as {
        rawConnection: RTCPeerConnection
        rawChannel: RTCDataChannel
      }
      await connection.setRemoteDescription(answer as RTCSessionDescriptionInit)
      if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve))
      const message = new Uint8Array(messageBytes)
      channel.bufferedAmountLowThreshold = 1_048_576
      for (let sent = 0; sent < bytes; sent += messageBytes) {
        if (channel.bufferedAmount > 4_194_304)
          await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
        channel.send(message)
      }
    },
    { answer, bytes, messageBytes },
  )
  const speed = await to.evaluate(() => (window as unknown as { rawReceived: Promise<number> }).rawReceived)
  await sending
  for (const page of [from, to])
    await page.evaluate(() => (window as unknown as { rawConnection: RTCPeerConnection }).rawConnection.close())
  return speed
}
