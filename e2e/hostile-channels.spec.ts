import type { Page } from '@playwright/test'
import { install, publish } from './fixtures/outcomes.ts'
import { expect, test } from './fixtures/test.ts'

/**
 * A peer that joins normally, then opens data channels of its own on the connection to a tab and sends malformed
 * messages. The tab drops that connection, stays reachable, publishes and serves.
 */
type Message = { text: string } | { bytes: number[]; blob?: true } | { fill: number; length: number; times: number }

const misuse: Record<string, Message[]> = {
  'a text message': [{ text: '2000000000' }],
  'an endless frame': [{ fill: 0xff, length: 60_000, times: 1 }],
  'a blob that is not protobuf': [{ bytes: [3, 255, 255, 255], blob: true }],
  'a huge length and many bytes': [{ bytes: [0xff, 0xff, 0xff, 0x7f] }, { fill: 0, length: 200_000, times: 40 }],
}

/** Records every RTCPeerConnection of the page. */
const recordConnections = (): void => {
  const connections: RTCPeerConnection[] = []
  Object.assign(window, { connections })
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      connections.push(this)
    }
  }
}

/** Opens a channel on the newest connection, misuses it, and waits for the end of the connection. */
const attack = (page: Page, messages: readonly Message[]): Promise<void> =>
  page.evaluate(async (messages) => {
    const { connections } = window as unknown as { connections: RTCPeerConnection[] }
    const connection = connections.findLast(({ connectionState }) => connectionState === 'connected')
    if (connection === undefined) throw new Error('No connection.')
    const channel = connection.createDataChannel('')
    await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
    const closed = new Promise((resolve) => channel.addEventListener('close', resolve, { once: true }))
    try {
      for (const message of messages) {
        if ('text' in message) channel.send(message.text)
        else if ('fill' in message) {
          const bytes = new Uint8Array(message.length).fill(message.fill)
          for (let count = 0; count < message.times; count += 1) channel.send(bytes)
        } else {
          const bytes = Uint8Array.from(message.bytes)
          if (message.blob) channel.send(new Blob([bytes]))
          else channel.send(bytes)
        }
      }
    } catch {
      // The tab has closed the channel.
    }
    await closed
  }, messages)

const isConnected = (page: Page): Promise<boolean> =>
  page.evaluate(() =>
    (window as unknown as { connections: RTCPeerConnection[] }).connections.some(
      ({ connectionState }) => connectionState === 'connected',
    ),
  )

test('a tab drops a peer that misuses data channels and continues to serve others', async ({ join }) => {
  const [victim, hostile] = [await join(), await join()]
  const crashes: string[] = []
  victim.page.on('pageerror', (error) => crashes.push(String(error)))
  await hostile.page.addInitScript(recordConnections)
  for (const [name, messages] of Object.entries(misuse)) {
    // A reloaded page has no back-off.
    await hostile.page.reload()
    await expect.poll(() => isConnected(hostile.page), { message: name, timeout: 30_000 }).toBe(true)
    await attack(hostile.page, messages)
    expect((await victim.status()).peerId).not.toBe('')
  }
  const published = await publish(victim.page, [
    { path: 'package.toml', text: '[package]\nname = "own"\nversion = "1.0.0"\ndescription = "The own package"\n' },
  ])
  if (published.failed) throw new Error(published.message)
  const honest = await join()
  await expect.poll(async () => (await honest.search({ text: '' })).total).toBe(1)
  expect(await install(honest.page, [published.value.id])).toMatchObject({ failed: false })
  expect(crashes).toEqual([])
})
