import { describe, expect, it } from 'vitest'
import { repeatInitEvents } from './webrtc-init-channel.ts'

class Channel extends EventTarget {
  readyState = 'connecting'
  to(state: string, event: string): void {
    this.readyState = state
    this.dispatchEvent(new Event(event))
  }
}

const makeClass = () =>
  class {
    createDataChannel(_label: string, _options?: unknown): Channel {
      return new Channel()
    }
  }

const next = (channel: Channel, type: string): Promise<unknown> =>
  new Promise((resolve) => channel.addEventListener(type, resolve, { once: true }))

/** What the transport does with its channel, once it has added all candidates. */
const dial = async (channel: Channel): Promise<void> => {
  if (channel.readyState !== 'open') await next(channel, 'open')
  await next(channel, 'close')
}

describe('repeatInitEvents', () => {
  it('tells of open and close to who listens after both', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    channel.to('open', 'open')
    channel.to('closed', 'close')
    await dial(channel)
  })

  it('of a channel that was closed without having been open says that it failed, and never that it was open', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    channel.to('closed', 'close')
    const failed = next(channel, 'error')
    const opened = next(channel, 'open').then(() => 'open')
    expect(await Promise.race([opened, failed.then(() => 'error')])).toBe('error')
  })

  it('leaves the usual order alone, each event once', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('init')
    const events: string[] = []
    for (const type of ['open', 'close']) channel.addEventListener(type, () => events.push(type))
    const dialled = dial(channel)
    channel.to('open', 'open')
    await Promise.resolve()
    channel.to('closed', 'close')
    await dialled
    expect(events).toEqual(['open', 'close'])
  })

  it('does not touch other channels', async () => {
    const Connection = makeClass()
    repeatInitEvents(Connection)
    const channel = new Connection().createDataChannel('')
    channel.to('closed', 'close')
    let told = false
    channel.addEventListener('close', () => {
      told = true
    })
    await new Promise((resolve) => setTimeout(resolve))
    expect(told).toBe(false)
  })
})
